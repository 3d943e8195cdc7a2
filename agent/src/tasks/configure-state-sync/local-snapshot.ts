import { readdir } from 'node:fs/promises';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { findSnapshotsFolder } from '../../node/node-paths.ts';
import { parseHeight } from '../../node/node-status.ts';
import { readSnapshotHeight } from '../../node/snapshot-height.ts';

/**
 * The height of the snapshot that the node will restore: that of the last snapshot-restore while its folder is there, else the highest
 * in the folder that the node looks in (which a running node may still be writing). Throws TaskError `snapshot-missing`.
 */
export const localSnapshotHeight = async (home: NodeHome): Promise<number> => {
  const { path: folder } = await findSnapshotsFolder(home);
  const heights = await heightsIn(folder);
  const restored = await readSnapshotHeight(home);
  if (restored !== undefined && heights.includes(restored)) return restored;
  if (heights.length === 0) {
    throw new TaskError(
      'snapshot-missing',
      `useLocalSnapshot: there is no snapshot in ${folder}; nothing was changed. Restore one with a snapshot-restore task`,
    );
  }
  return Math.max(...heights);
};

const heightsIn = async (folder: string): Promise<readonly number[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => parseHeight(name) || []);
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError('list', folder, error);
  }
};
