import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, sleep, TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../../node/file-errors.ts';
import { waitFor } from '../../../outside-waits.ts';
import { removeFolder } from '../remove-folder.ts';
import { backendOf, unsupportedStore } from './store-backend.ts';

/** Of a real one: 32 bytes for each chunk of each snapshot, and a few megabytes that LevelDB has not compacted yet. */
const maxBytes = 32 * 1024 * 1024;
const maxFiles = 1_000;
/** A node writes into it once for each snapshot that it takes or removes. */
const attempts = 8;
const pauseMs = 100;

/** What LevelDB needs to open a database. The others (LOCK, LOG, what is being made) are of the process that has it open. */
const isData = (name: string): boolean => /^(?:CURRENT|MANIFEST-\d+|\d+\.(?:log|ldb|sst))$/.test(name);

/**
 * Copies a LevelDB that its node may have open and write to, as it was at one moment: nothing in it changed from the first look at it to the
 * last. Answers false if there is nothing in it. The original is only read; LevelDB's own lock is neither asked nor taken. `target` is made, or made
 * anew. Throws TaskError `snapshot-store-unsupported`, `snapshot-store-invalid`, `file-changed`.
 */
export const copyStore = async (store: string, target: string, clock: Clock, signal: AbortSignal): Promise<boolean> => {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    signal.throwIfAborted();
    const before = await describe(store);
    const backend = backendOf([...before.keys()]);
    if (backend === 'none') return false;
    if (backend !== 'goleveldb') throw unsupportedStore(`${store} is ${backend}`);
    await removeFolder(target);
    await mkdir(target).catch((error: unknown) => {
      throw fileError('create', target, error);
    });
    const isWhole = await copyFiles(store, target, before, signal);
    if (isWhole && isSame(before, await describe(store))) return true;
    await waitFor(
      () => `a moment in which the node does not write to ${store}`,
      async () => sleep(clock, pauseMs * attempt, signal),
    );
  }
  throw new TaskError(
    'file-changed',
    `${store} changed each time that it was copied, ${attempts} times; nothing was changed: run the task again`,
  );
};

interface Seen {
  readonly bytes: number;
  readonly inode: number;
  readonly modified: number;
}

/** All names in the folder, with what tells a file from what it was before. */
const describe = async (store: string): Promise<ReadonlyMap<string, Seen>> => {
  const found = new Map<string, Seen>();
  let bytes = 0;
  for (const name of await list(store)) {
    const stat = await lstat(join(store, name)).catch((error: unknown) => {
      // A file that is gone by now counts as a change, since the next look does not list it.
      if (isMissing(error)) return undefined;
      throw fileError('look at', join(store, name), error);
    });
    const isFile = isData(name) && stat?.isFile() === true;
    if (isData(name) && stat !== undefined && !isFile) {
      throw new TaskError('file-invalid', `${join(store, name)} is not a file: remove it`);
    }
    if (isFile) bytes += stat.size;
    const seen = isFile ? { bytes: stat.size, inode: stat.ino, modified: stat.mtimeMs } : nothing;
    found.set(name, seen);
  }
  if (bytes <= maxBytes && found.size <= maxFiles) return found;
  throw new TaskError(
    'snapshot-store-invalid',
    `${store} has ${bytes} bytes in ${found.size} files, and this agent reads at most ${maxBytes} bytes in ${maxFiles} files; nothing was changed: have the node keep fewer snapshots (snapshot-keep-recent)`,
  );
};

const nothing: Seen = { bytes: 0, inode: 0, modified: 0 };

const list = async (store: string): Promise<readonly string[]> => {
  try {
    return await readdir(store);
  } catch (error) {
    throw fileError('list', store, error);
  }
};

const isSame = (before: ReadonlyMap<string, Seen>, after: ReadonlyMap<string, Seen>): boolean =>
  dataOf(before) === dataOf(after);

const dataOf = (seen: ReadonlyMap<string, Seen>): string =>
  JSON.stringify([...seen].filter(([name]) => isData(name)).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Answers false if a file is not what it was at the look. */
const copyFiles = async (
  store: string,
  target: string,
  files: ReadonlyMap<string, Seen>,
  signal: AbortSignal,
): Promise<boolean> => {
  for (const [name, { bytes }] of files) {
    if (!isData(name)) continue;
    signal.throwIfAborted();
    if (!(await copyFile(join(store, name), join(target, name), bytes))) return false;
  }
  return true;
};

const copyFile = async (from: string, to: string, bytes: number): Promise<boolean> => {
  const content = await readFirst(from, bytes);
  if (content === undefined) return false;
  try {
    await using file = await open(to, 'wx', 0o644);
    await file.writeFile(content);
    return true;
  } catch (error) {
    throw fileError('write', to, error);
  }
};

/** So many bytes from the start of the file; undefined if it is gone or shorter by now. */
const readFirst = async (path: string, bytes: number): Promise<Buffer | undefined> => {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const content = Buffer.alloc(bytes);
    for (let filled = 0; filled < bytes;) {
      const { bytesRead } = await file.read(content, filled, bytes - filled, filled);
      if (bytesRead === 0) return undefined;
      filled += bytesRead;
    }
    return content;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError('read', path, error);
  }
};
