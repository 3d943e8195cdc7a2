import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import type { NodeHome } from './node-home.ts';
import { readTextFile } from './read-file.ts';
import { parseHeight } from './node-status.ts';
import { readSeictlSnapshotHeight } from './seictl-files.ts';

/** Where a restore leaves the height of the snapshot that it has put in place: decimal text. */
export const snapshotHeightFile = (home: NodeHome): string => join(home.root, '.nodetask-snapshot-height');

const maxBytes = 64;

/**
 * The height of the last restored snapshot, by this agent or else by seictl before it; undefined where none was. Throws TaskError `file-invalid`
 * where the file holds no height.
 */
export const readSnapshotHeight = async (home: NodeHome): Promise<number | undefined> => {
  const path = snapshotHeightFile(home);
  const text = await readTextFile(path, maxBytes);
  if (text === undefined) return readSeictlSnapshotHeight(home);
  const height = parseHeight(text.trim());
  if (height === undefined || height === 0) {
    throw new TaskError(
      'file-invalid',
      `${path} holds ${JSON.stringify(text)}, which is no height: remove it, or restore the snapshot again`,
    );
  }
  return height;
};
