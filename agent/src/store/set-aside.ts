import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** So many journals that were set aside are kept; older ones go, so that a volume does not fill up. */
const keptAside = 5;

export type AsideReason = 'foreign' | 'corrupt';

/**
 * Renames a journal and SQLite's companion files, so that a new one can begin: `journal.db.<time>.<reason>`. It must not be open.
 * @returns The new path.
 */
export const setAside = (path: string, reason: AsideReason, now: Date): string => {
  const aside = freePath(`${path}.${now.toISOString().replaceAll(/[-:.]/gu, '')}.${reason}`);
  // The write-ahead log goes first: beside a new journal it would be taken for its own.
  for (const companion of ['-wal', '-shm', '-journal', '']) {
    if (existsSync(path + companion)) renameSync(path + companion, aside + companion);
  }
  prune(path);
  return aside;
};

/** Two in one millisecond get different names. */
const freePath = (wanted: string): string => {
  let path = wanted;
  for (let count = 2; existsSync(path); count++) path = `${wanted}-${count}`;
  return path;
};

const prune = (path: string): void => {
  const pattern = /^\.\d{8}T\d{9}Z\.(?:foreign|corrupt)(?:-\d+)?$/u;
  const folder = dirname(path);
  const name = basename(path);
  const aside = readdirSync(folder)
    .filter((file) => file.startsWith(name) && pattern.test(file.slice(name.length)))
    .sort()
    .toReversed();
  for (const file of aside.slice(keptAside)) {
    for (const companion of ['', '-wal', '-shm', '-journal']) rmSync(join(folder, file + companion), { force: true });
  }
};
