import { basename, dirname } from 'node:path';
import type { Logger } from '@nodetask/shared';
import { findDataFolder, type NodeHome } from '../../node/node-home.ts';
import { snapshotHeightFile } from '../../node/snapshot-height.ts';
import { type CommitPlace, recoverRestore } from './restore-commit.ts';

/** Where a restore into this home is committed. */
export const commitPlace = (home: NodeHome, data: string): CommitPlace => {
  const heightFile = snapshotHeightFile(home);
  return { data, heightFile: { folder: dirname(heightFile), name: basename(heightFile) } };
};

/**
 * Completes or undoes a restore that a crash interrupted. Every task does so before it looks at the snapshots, with `snapshotsLock` held;
 * at the start of the agent it spares the node half of a restore.
 */
export const openSnapshots = async (home: NodeHome, logger: Logger): Promise<void> => {
  const data = await findDataFolder(home);
  if (data !== undefined) await recoverRestore(commitPlace(home, data), logger);
};
