/**
 * The files that seictl, whose place this agent may have taken, left in the node's home. They are read if the agent's own are absent, and never written
 * or removed. docs/adr/0042-coming-from-seictl.md
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { databasesOf } from './databases.ts';
import { fileError, isMissing } from './file-errors.ts';
import type { NodeHome } from './node-home.ts';
import { parseHeight } from './node-status.ts';
import { readTextFile } from './read-file.ts';

const exportStateName = '.sei-sidecar-last-export.json';
const uploadStateName = '.sei-sidecar-last-upload.json';
const snapshotHeightName = '.sei-sidecar-snapshot-height';

/** Empty files that say that a task has completed. */
const markers = {
  'snapshot-restore': '.sei-sidecar-snapshot-done',
  'configure-state-sync': '.sei-sidecar-statesync-done',
  'configure-genesis': '.sei-sidecar-genesis-done',
} as const;

/** Far more than a number takes. */
const maxBytes = 4096;

const exportStateSchema = z.looseObject({ lastExportedHeight: z.int().min(0) });

/** The last block that its result-export has stored, which ended a page; undefined where it has stored none. Throws TaskError `file-invalid`. */
export const readSeictlExported = async (home: NodeHome): Promise<number | undefined> => {
  const path = join(home.root, exportStateName);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return undefined;
  try {
    const { lastExportedHeight } = exportStateSchema.parse(JSON.parse(text));
    return lastExportedHeight === 0 ? undefined : lastExportedHeight;
  } catch (error) {
    throw damaged(
      path,
      text,
      'has no lastExportedHeight',
      'look for the last page in the bucket, and give startHeight',
      error,
    );
  }
};

/** Seconds since the epoch at the end of the year 9999: the last that a Date is sure to hold. */
const maxSeconds = 253_402_300_799;

const uploadStateSchema = z.looseObject({
  lastUploadedHeight: z.int().min(0),
  /** In seconds since the epoch. Versions before v0.0.66 wrote none. */
  lastUploadedAt: z.int().min(0).max(maxSeconds).optional(),
});

/** The last snapshot that the snapshot-upload of seictl stored. */
export interface SeictlUploaded {
  readonly height: number;
  /** In milliseconds since the epoch, if the file tells it. */
  readonly at?: number;
}

/** The last snapshot that its snapshot-upload has stored; undefined where it has stored none. Throws TaskError `file-invalid`. */
export const readSeictlUploaded = async (home: NodeHome): Promise<SeictlUploaded | undefined> => {
  const path = join(home.root, uploadStateName);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return undefined;
  try {
    const { lastUploadedHeight: height, lastUploadedAt = 0 } = uploadStateSchema.parse(JSON.parse(text));
    if (height === 0) return undefined;
    return { height, ...(lastUploadedAt === 0 ? {} : { at: lastUploadedAt * 1000 }) };
  } catch (error) {
    throw damaged(path, text, 'has no lastUploadedHeight', 'remove it', error);
  }
};

/** The height of the snapshot that its snapshot-restore has put in place; undefined where it has none. Throws TaskError `file-invalid`. */
export const readSeictlSnapshotHeight = async (home: NodeHome): Promise<number | undefined> => {
  const path = join(home.root, snapshotHeightName);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return undefined;
  const height = parseHeight(text.trim());
  if (height === undefined) throw damaged(path, text, 'holds no height', 'remove it');
  return height === 0 ? undefined : height;
};

/** True if seictl has completed a task here, and the node has lived since: it has databases. Throws TaskError `file-invalid`. */
export const isDoneBySeictl = async (home: NodeHome, task: keyof typeof markers): Promise<boolean> =>
  (await hasMarker(home, task)) && (await databasesOf(home)).length > 0;

/** True if seictl has completed a task here. Throws TaskError `file-invalid` if something else than a file has the marker's name. */
export const hasMarker = async (home: NodeHome, task: keyof typeof markers): Promise<boolean> => {
  const path = join(home.root, markers[task]);
  try {
    if ((await lstat(path)).isFile()) return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError('look at', path, error);
  }
  throw new TaskError('file-invalid', `${path} is not a regular file, as seictl leaves it: remove it`);
};

const shownCharacters = 80;

const damaged = (path: string, text: string, what: string, remedy: string, cause?: unknown): TaskError =>
  new TaskError(
    'file-invalid',
    `${path}, which seictl left, ${what}: ${JSON.stringify(text.slice(0, shownCharacters))}; nothing was changed: ${remedy}`,
    { cause },
  );
