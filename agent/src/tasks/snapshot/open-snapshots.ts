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
 * The node's snapshots, after a restore that a crash interrupted has been completed or undone, also one that was begun before the node's
 * configuration moved its snapshots. Every task does so before it looks at them, with `snapshotsLock` held; at the start of the agent it
 * spares the node half of a restore.
 */
export const openSnapshots = async (
  home: NodeHome,
  logger: Logger,
  afterStep?: CommitPlace['afterStep'],
): Promise<SnapshotsFolder> => {
  const recover = (place: Pick<SnapshotsFolder, 'parent' | 'name'>): Promise<void> =>
    recoverRestore({ ...commitPlace(home, place), afterStep }, logger);
  const data = await findDataFolder(home);
  if (data !== undefined) await recover({ parent: data, name: usualSnapshotsName });
  const noted = await readPlaces(home);
  const unfinished: NotedPlace[] = [];
  for (const note of noted) {
    const place = await placeOf(home, note, logger);
    if (place !== undefined) await recover(place);
    if (place === undefined || (await isCommitted(commitPlace(home, place)))) unfinished.push(note);
  }
  if (unfinished.length < noted.length) await keepPlaces(home, unfinished);
  const snapshots = await findSnapshotsFolder(home);
  // Somebody may have removed the note.
  if (snapshots.movedBy !== undefined) await recover(snapshots);
  return snapshots;
};
