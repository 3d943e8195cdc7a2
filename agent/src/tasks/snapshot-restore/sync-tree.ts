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

/** So much is written between two early syncs. */
const earlyBytes = 128 * 1024 * 1024;

/**
 * Makes a tree survive a power cut. `sync -f` of coreutils or busybox is syncfs(2), which writes the volume in one go and reports errors (Linux
 * 5.8 and later); for thousands of files that is ten times as fast as one after the other. Where there is no such program each file is
 * synced, then the names in the folders. The disk is given its work while the tree is written, so that little is left to wait for at the end.
 */
export class TreeSync {
  readonly #root: string;
  readonly #signal: AbortSignal;
  #early: Promise<void> | undefined;
  #earlyAt = 0;
  /** An error that one sync was told no other is told again, so after it only each file knows. */
  #byVolume = true;

  constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
  }

  /** Says that the tree has grown by so many bytes since the beginning; may begin an early sync, one at a time. Never throws, never waits. */
  written(bytes: number): void {
    if (!this.#byVolume || this.#early !== undefined || bytes - this.#earlyAt < earlyBytes) return;
    this.#earlyAt = bytes;
    this.#early = this.#syncEarly();
  }

  /** Resolves when all of the tree is on the disk. Rejects with a TaskError of the file system or the signal's reason. */
  async finish(): Promise<void> {
    await this.#early;
    if (this.#byVolume && (await syncVolume(this.#root, this.#signal))) return;
    await syncFiles(this.#root, this.#signal);
  }

  /** Resolves when no early sync is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#early;
  }

  async #syncEarly(): Promise<void> {
    try {
      this.#byVolume = await syncVolume(this.#root, this.#signal);
    } catch {
      // It was cancelled: finish says so, if anybody still asks.
    } finally {
      this.#early = undefined;
    }
  }
}

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
