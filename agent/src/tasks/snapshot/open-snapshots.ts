import { basename, dirname } from 'node:path';
import type { Logger } from '@nodetask/shared';
import { findDataFolder, type NodeHome } from '../../node/node-home.ts';
import { findSnapshotsFolder, type SnapshotsFolder, usualSnapshotsName } from '../../node/node-paths.ts';
import { snapshotHeightFile } from '../../node/snapshot-height.ts';
import { type CommitPlace, isCommitted, recoverRestore } from './restore-commit.ts';
import { keepPlaces, type NotedPlace, placeOf, readPlaces } from './restore-places.ts';

/** Where a restore into these snapshots is committed. */
export const commitPlace = (
  home: NodeHome,
  { parent, name }: Pick<SnapshotsFolder, 'parent' | 'name'>,
): CommitPlace => {
  const heightFile = snapshotHeightFile(home);
  return { data: parent, name, heightFile: { folder: dirname(heightFile), name: basename(heightFile) } };
};

/**
 * Completes or undoes a restore that a crash interrupted, also one that was begun before the node's configuration moved its snapshots. Call it
 * with `snapshotsLock` held; at the start of the agent it spares the node half of a restore.
 */
export const recoverSnapshots = async (
  home: NodeHome,
  logger: Logger,
  afterStep?: CommitPlace['afterStep'],
): Promise<void> => {
  const data = await findDataFolder(home);
  if (data !== undefined) {
    await recoverRestore({ ...commitPlace(home, { parent: data, name: usualSnapshotsName }), afterStep }, logger);
  }
  const noted = await readPlaces(home);
  const unfinished: NotedPlace[] = [];
  for (const note of noted) {
    const found = await placeOf(home, note, logger);
    const place = found === undefined ? undefined : { ...commitPlace(home, found), afterStep };
    if (place !== undefined) await recoverRestore(place, logger);
    if (place === undefined || (await isCommitted(place))) unfinished.push(note);
  }
  if (unfinished.length < noted.length) await keepPlaces(home, unfinished);
};

/** The node's snapshots, after `recoverSnapshots`. Every task opens them before it looks at them, with `snapshotsLock` held. */
export const openSnapshots = async (
  home: NodeHome,
  logger: Logger,
  afterStep?: CommitPlace['afterStep'],
): Promise<SnapshotsFolder> => {
  await recoverSnapshots(home, logger, afterStep);
  const snapshots = await findSnapshotsFolder(home);
  // Somebody may have removed the note.
  if (snapshots.movedBy !== undefined) await recoverRestore({ ...commitPlace(home, snapshots), afterStep }, logger);
  return snapshots;
};
