import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../node/file-errors.ts';
import { syncFolder } from '../../node/sync-folder.ts';
import { JobPool } from './job-pool.ts';

const poolLimits = { jobs: 4, bytes: Infinity };

/** Makes a tree survive a power cut: its files, then the names in its folders. `onFile` hears of each file. */
export const syncTree = async (root: string, signal: AbortSignal, onFile: () => void): Promise<void> => {
  const pool = new JobPool(poolLimits);
  const folders: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    folders.push(folder);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      signal.throwIfAborted();
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await visit(path);
      else await pool.add(0, () => syncFile(path, onFile));
    }
  };
  try {
    await visit(root);
    await pool.drain();
    for (const folder of folders.toReversed()) await syncFolder(folder);
  } catch (error) {
    if (signal.aborted) throw error;
    throw fileError('write to the disk', root, error);
  } finally {
    await pool.settle();
  }
};

const syncFile = async (path: string, onFile: () => void): Promise<void> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
  onFile();
};
