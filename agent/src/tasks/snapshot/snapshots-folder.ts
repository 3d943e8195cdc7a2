import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { findDataFolder, type NodeHome } from '../../node/node-home.ts';

/** Name of the lock that whoever reads or writes snapshots of the node holds. */
export const snapshotsLock = 'data/snapshots';

/** Of the folder below `data/`, as every chain of the Cosmos SDK has it: `<height>/<format>/<chunk>` and `metadata.db`. */
export const snapshotsName = 'snapshots';
export const metadataName = 'metadata.db';

/** Beside the snapshots: the agent's own copy of `metadata.db`, for as long as a task needs it. */
export const scratchName = '.nodetask-metadata';

/**
 * The folder of the node's snapshots, undefined if there is no data/ yet. The folder itself need not exist. Refuses a link that leads out of
 * the home. Throws TaskError `file-missing`, `file-invalid`.
 */
export const snapshotsFolder = async (home: NodeHome): Promise<string | undefined> => {
  const data = await findDataFolder(home);
  if (data === undefined) return undefined;
  const folder = join(data, snapshotsName);
  const [root, real] = await Promise.all([realPath(home.root), realPath(folder)]);
  if (root === undefined || real === undefined || real.startsWith(join(root, sep))) return folder;
  throw new TaskError(
    'file-invalid',
    `${folder} is a link to ${real}, outside of ${root}: replace the link by a folder or a mount`,
  );
};

const realPath = async (path: string): Promise<string | undefined> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError('resolve', path, error);
  }
};

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
