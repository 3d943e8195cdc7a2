import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { fileError } from '../../node/file-errors.ts';
import { isBareName } from '../../node/node-home.ts';
import { usualSnapshotsName } from '../../node/node-paths.ts';
import { readTextFile } from '../../node/read-file.ts';
import { syncFolder } from '../../node/sync-folder.ts';
import { removeDurably, writeDurably } from '../../node/write-durably.ts';
import { removeFolder } from './remove-folder.ts';
import { isFolder, scratchName } from './snapshots-folder.ts';

/**
 * Puts a freshly unpacked folder into the place of the snapshots, so that after kill -9 or a power cut at any point `recoverRestore`
 * leaves either all of the old snapshots or all of the new ones:
 *
 * 1. The new ones are unpacked into `.restore-new` beside the old ones, and synced.
 * 2. `.restore-commit.json` is renamed into place. From here on the restore is committed.
 * 3. The old folder is renamed to `.restore-old`, the new one to the name of the snapshots folder. From here on the restore is done, whatever fails later.
 * 4. The old folder is removed, which frees the space that the next two files may lack; the height file and the marker are written; the
 *    commit file is removed. If that fails, the next task and the next start of the agent try it again.
 *
 * Node has no exchange of two names, so between the two renames of step 3 there are no snapshots for an instant; recovery at the next
 * start completes it.
 */
export const newFolderName = '.restore-new';
const oldFolderName = '.restore-old';
const commitName = '.restore-commit.json';
export const markerName = '.nodetask-snapshot-restore.json';
const maxCommitBytes = 64 * 1024;

/** `verified`: archive and node are known to be of the same chain. The others name what was missing for that. */
const chainVerifications = ['verified', 'genesis-missing', 'archive-unproven'] as const;

/** What a restore was asked for and what it did; kept as the marker. */
const markerSchema = z.object({
  version: z.literal(1),
  /** Canonical form of the params that decide what is restored. */
  params: z.string().max(8192),
  height: z.int().min(1),
  key: z.string().max(1024),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The run that did it, so that the same run, repeated after a kill, still says that it changed something. Absent in older files. */
  by: z.object({ task: z.string().max(36), run: z.int().min(1) }).optional(),
  /** Whether the archive had a metadata.db. Absent in older files. */
  hasMetadata: z.boolean().optional(),
  chainVerified: z.enum(chainVerifications).optional(),
  /** Name of the snapshots folder, since the node's configuration may have changed when this is read. Absent in older files: `snapshots`. */
  folder: z.string().refine(isBareName).optional(),
});

export type RestoreMarker = z.output<typeof markerSchema>;

export interface CommitPlace {
  /** Real path of the folder in which the snapshots folder is: `data/`, unless the node's configuration says otherwise. */
  readonly data: string;
  /** Name of the snapshots folder. */
  readonly name: string;
  /** Folder and name of the height file. */
  readonly heightFile: { readonly folder: string; readonly name: string };
  /** Called after each step that a crash could follow; tests end the process in it. */
  readonly afterStep?: ((step: string) => void) | undefined;
}

/** Whether the restore counts: what is missing of it is completed, not undone. */
export const isCommitted = async ({ data }: CommitPlace): Promise<boolean> =>
  (await readTextFile(join(data, commitName), maxCommitBytes)) !== undefined;

/**
 * Call it with the new folder complete and synced. It rejects only if the new snapshots are not in place. What failed after that comes back
 * as the answer, undefined if nothing did.
 */
export const commitRestore = async (
  place: CommitPlace,
  marker: RestoreMarker,
  logger: Logger,
): Promise<Error | undefined> => {
  const { data, name } = place;
  const named: RestoreMarker = { ...marker, folder: name };
  await writeDurably(data, commitName, JSON.stringify(named));
  place.afterStep?.('committed');
  return complete(place, named, logger);
};

/**
 * Completes a restore that a crash interrupted after its commit, and removes what one left that did not get so far. Idempotent; call it with
 * the lock of the snapshots held, before they are looked at. `data/` need not exist.
 */
export const recoverRestore = async (place: CommitPlace, logger: Logger): Promise<void> => {
  const { data, name } = place;
  if (!(await isFolder(data))) return;
  if (await removeFolder(join(data, scratchName)))
    logger.warn('removed an interrupted copy of metadata.db', { folder: data });
  const text = await readTextFile(join(data, commitName), maxCommitBytes);
  if (text !== undefined) {
    const marker = parseMarker(text);
    if (marker === undefined) {
      throw new TaskError(
        'file-invalid',
        `${join(data, commitName)} was not written by this agent: check ${join(data, name)}, then remove it`,
      );
    }
    logger.warn('completing an interrupted restore', { height: marker.height, folder: data });
    await complete({ ...place, name: nameIn(marker) }, marker, logger);
    return;
  }
  await removeDurably(data, commitName);
  if (await removeFolder(join(data, newFolderName))) logger.warn('removed an interrupted restore', { folder: data });
  if (!(await isFolder(join(data, oldFolderName)))) return;
  // Not a state that a crash of this code leaves; whoever made it, snapshots must not be lost.
  if (await isFolder(join(data, name))) await removeFolder(join(data, oldFolderName));
  else await move(data, oldFolderName, name);
};

/** The marker of the last restore there; undefined if there is none that this version reads. Call it after `recoverRestore`. */
export const readMarker = async ({ data, name }: CommitPlace): Promise<RestoreMarker | undefined> => {
  // The commit file is still there if its marker could not be written.
  for (const file of [commitName, markerName]) {
    const text = await readTextFile(join(data, file), maxCommitBytes);
    if (text === undefined) continue;
    const marker = parseMarker(text);
    return marker !== undefined && nameIn(marker) === name ? marker : undefined;
  }
  return undefined;
};

const nameIn = ({ folder = usualSnapshotsName }: RestoreMarker): string => folder;

/** Puts the new folder into place, or rejects; then tidies up, and answers with what failed of that. */
const complete = async (place: CommitPlace, marker: RestoreMarker, logger: Logger): Promise<Error | undefined> => {
  await exchange(place);
  try {
    await tidyUp(place, marker);
    return undefined;
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    logger.error(
      'the restored snapshots are in place, but the restore could not tidy up; the next snapshot task tries again',
      {
        height: marker.height,
        error: failure,
      },
    );
    return failure;
  }
};

const exchange = async ({ data, name, afterStep }: CommitPlace): Promise<void> => {
  if (!(await isFolder(join(data, newFolderName)))) return;
  if (await isFolder(join(data, name))) {
    // An old folder is left if a node made an empty one between the two renames.
    await removeFolder(join(data, oldFolderName));
    await move(data, name, oldFolderName);
    afterStep?.('old moved away');
  }
  await move(data, newFolderName, name);
  afterStep?.('new in place');
  await syncFolder(data);
};

const tidyUp = async ({ data, heightFile, afterStep }: CommitPlace, marker: RestoreMarker): Promise<void> => {
  await removeFolder(join(data, oldFolderName));
  afterStep?.('old removed');
  await writeDurably(heightFile.folder, heightFile.name, String(marker.height));
  afterStep?.('height written');
  await writeDurably(data, markerName, `${JSON.stringify(marker)}\n`);
  afterStep?.('marker written');
  await removeDurably(data, commitName);
};

const parseMarker = (text: string): RestoreMarker | undefined => {
  try {
    return markerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not even JSON: the same as any other text that is no marker.
    return undefined;
  }
};

const move = async (folder: string, from: string, to: string): Promise<void> => {
  try {
    await rename(join(folder, from), join(folder, to));
  } catch (error) {
    throw fileError(`rename ${from} to`, join(folder, to), error);
  }
};
