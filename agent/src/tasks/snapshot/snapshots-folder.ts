import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';

/** Name of the lock that whoever reads or writes snapshots of the node holds. */
export const snapshotsLock = 'data/snapshots';

/** In the folder of the snapshots, beside `<height>/<format>/<chunk>`. */
export const metadataName = 'metadata.db';

/** Beside the snapshots: the agent's own copy of `metadata.db`, for as long as a task needs it. */
export const scratchName = '.nodetask-metadata';

/** The heights of the snapshots in a folder, lowest first; empty where the folder is missing. */
export const snapshotHeights = async (folder: string): Promise<readonly number[]> => {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && /^[1-9]\d{0,15}$/.test(entry.name))
      .map((entry) => Number(entry.name))
      .filter((height) => Number.isSafeInteger(height))
      .toSorted((a, b) => a - b);
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError('list the snapshots in', folder, error);
  }
};

/** True where a folder is there; refuses a link or a file in its place. */
export const isFolder = async (path: string): Promise<boolean> => {
  try {
    if ((await lstat(path)).isDirectory()) return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError('look at', path, error);
  }
  throw new TaskError('file-invalid', `${path} is not a folder: remove it, or put a folder in its place`);
};

export const pathOfSnapshot = (folder: string, height: number): string => join(folder, String(height));
