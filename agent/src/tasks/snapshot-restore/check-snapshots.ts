import { chown, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveError } from '../../archive/archive-error.ts';
import type { TaskContext } from '../../engine/task-handler.ts';
import { fileError } from '../../node/file-errors.ts';
import { type LocalSnapshots, readSnapshots } from '../snapshot/local-snapshots.ts';
import { removeFolder } from '../snapshot/remove-folder.ts';
import type { SnapshotOptions } from '../snapshot/snapshot-handler.ts';
import { metadataName } from '../snapshot/snapshots-folder.ts';

type Owner = { readonly uid: number; readonly gid: number } | undefined;

export interface CheckedSnapshots {
  readonly hasMetadata: boolean;
  readonly doubts: readonly string[];
}

/**
 * Makes what was unpacked one consistent set: the snapshot of the height is complete, and metadata.db, if there is one, lists those snapshots
 * whose chunks are there and no other. Older archives have the whole metadata.db of their node. Throws TaskError `snapshot-invalid`,
 * `snapshot-store-unsupported`, `snapshot-store-invalid`.
 */
export const checkSnapshots = async (
  fresh: string,
  height: number,
  owner: Owner,
  { signal, logger }: Pick<TaskContext<never>, 'signal' | 'logger'>,
  { home, clock, afterStep }: SnapshotOptions,
): Promise<CheckedSnapshots> => {
  await using snapshots = await readSnapshots(fresh, { home, clock, signal, logger, afterStep });
  refuseIncomplete(snapshots, height, await readdir(fresh));
  const { listed, complete, doubts } = snapshots;
  if (listed === undefined) return { hasMetadata: false, doubts };
  if (listed.some(({ fault }) => fault !== undefined)) {
    const selected = await snapshots.selectStore(complete, signal);
    await give(selected, owner);
    await replaceFolder(selected, join(fresh, metadataName));
    afterStep?.('store selected');
  }
  return { hasMetadata: true, doubts };
};

const refuseIncomplete = (
  { heights, complete, skipped }: LocalSnapshots,
  height: number,
  names: readonly string[],
): void => {
  if (complete.includes(height)) return;
  const fault = skipped.find((one) => one.height === height);
  throw archiveError(
    !heights.includes(height)
      ? `holds no folder ${height} at its top${butHolds(names)}`
      : `holds snapshot ${height}, which is not complete: ${fault?.why ?? 'its folder is missing'}`,
  );
};

/** Archives of a node's data directory are published under the same names. */
const butHolds = (names: readonly string[]): string => {
  const first = names.slice(0, 3).map((name) => JSON.stringify(name.slice(0, 40)));
  return first.length === 0 ? '' : `, but ${first.join(', ')}: only archives of state-sync snapshots are read`;
};

const give = async (folder: string, owner: Owner): Promise<void> => {
  if (owner === undefined) return;
  try {
    for (const name of await readdir(folder)) await chown(join(folder, name), owner.uid, owner.gid);
    await chown(folder, owner.uid, owner.gid);
  } catch (error) {
    throw fileError('give to the owner of data/', folder, error);
  }
};

const replaceFolder = async (from: string, to: string): Promise<void> => {
  await removeFolder(to);
  try {
    await rename(from, to);
  } catch (error) {
    throw fileError('rename a new metadata.db to', to, error);
  }
};
