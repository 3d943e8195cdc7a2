import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { abortReason } from '@nodetask/shared';
import { fileError } from '../../node/file-errors.ts';
import { syncFolder } from '../../node/sync-folder.ts';
import { JobPool } from './job-pool.ts';

const poolLimits = { jobs: 4, bytes: Infinity };

/** Of the whole volume: it may hold what others wrote, too. */
const syncBudgetMs = 15 * 60_000;

/**
 * Makes a tree survive a power cut. `sync -f` of coreutils or busybox is syncfs(2), which writes the volume in one go and reports errors (Linux
 * 5.8 and later); for thousands of files that is ten times as fast as one after the other. Where there is no such program each file is
 * synced, then the names in the folders.
 */
export const syncTree = async (root: string, signal: AbortSignal): Promise<void> => {
  if (await syncVolume(root, signal)) return;
  await syncFiles(root, signal);
};

/** Whether it worked; where it did not, the reason shows again with the files. */
const syncVolume = async (root: string, signal: AbortSignal): Promise<boolean> => {
  try {
    await promisify(execFile)('sync', ['-f', root], { signal, timeout: syncBudgetMs });
    return true;
  } catch {
    if (signal.aborted) throw abortReason(signal);
    return false;
  }
};

const syncFiles = async (root: string, signal: AbortSignal): Promise<void> => {
  const pool = new JobPool(poolLimits);
  const folders: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    folders.push(folder);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      signal.throwIfAborted();
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await visit(path);
      else await pool.add(0, () => syncFile(path));
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

const syncFile = async (path: string): Promise<void> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
};
