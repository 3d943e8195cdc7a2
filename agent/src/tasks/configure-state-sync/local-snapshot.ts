import { TaskError } from '@nodetask/shared';
import { readSnapshotHeight } from '../../node/snapshot-height.ts';
import { type ReadOptions, readNodeSnapshots } from '../snapshot/local-snapshots.ts';

export interface LocalSnapshot {
  readonly height: number;
  readonly warnings: readonly string[];
}

/**
 * The snapshot that the node will restore. A node adds all that its metadata.db lists and tries the highest one first; if chunks of that one are
 * missing it waits for them, and ends. So the highest one that is listed has to be complete. Without a metadata.db it is the one of the last
 * snapshot-restore while it is complete, else the highest that is complete (which a running node may still be writing).
 * Call it with `snapshotsLock` held. Throws TaskError `snapshot-missing`, `snapshot-incomplete` and those of metadata.db.
 * https://github.com/sei-protocol/sei-chain/tree/main/sei-tendermint/internal/statesync (Sync in reactor.go, Ranked in snapshots.go)
 */
export const localSnapshot = async (options: ReadOptions): Promise<LocalSnapshot> => {
  await using snapshots = await readNodeSnapshots(options);
  const { folder, listed, complete, skipped, doubts } = snapshots;
  if (listed !== undefined) {
    const [first] = listed;
    if (first === undefined) throw missing(`${folder}/metadata.db lists none`);
    if (first.fault === undefined) return { height: first.height, warnings: doubts };
    throw new TaskError(
      'snapshot-incomplete',
      `useLocalSnapshot: the node would try snapshot ${first.height} first, the highest that ${folder}/metadata.db lists, and it is not complete: ${first.fault}; nothing was changed: restore a snapshot with a snapshot-restore task`,
    );
  }
  const restored = await readSnapshotHeight(options.home);
  const height = complete.find((one) => one === restored) ?? complete.at(-1);
  if (height === undefined) {
    const [highest] = skipped;
    throw missing(
      highest === undefined
        ? `there is none in ${folder}`
        : `there is no complete one in ${folder}; of the highest, ${highest.height}, ${highest.why}`,
    );
  }
  const noStore = `${folder} has no metadata.db, in which a node looks for its snapshots: it may not find snapshot ${height}`;
  return { height, warnings: [noStore, ...doubts] };
};

const missing = (why: string): TaskError =>
  new TaskError(
    'snapshot-missing',
    `useLocalSnapshot: ${why}; nothing was changed. Restore one with a snapshot-restore task`,
  );
