import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** So many journals that were set aside are kept; older ones go, so that a volume does not fill up. */
const keptAside = 5;

/** Of another pod or program; damaged or gone; without its newest part. */
export type AsideReason = 'foreign' | 'corrupt' | 'stale';

/**
 * Renames a journal and SQLite's companion files, so that a new one can begin: `journal.db.<time>.<reason>`. It must not be open.
 * @returns The new path; undefined where there was nothing.
 */
export const setAside = (path: string, reason: AsideReason, now: Date): string | undefined => {
  const aside = freePath(`${path}.${now.toISOString().replaceAll(/[-:.]/gu, '')}.${reason}`);
  let isEmpty = true;
  // The write-ahead log goes first: beside a new journal it would be taken for its own.
  for (const companion of ['-wal', '-shm', '-journal', '']) {
    if (!existsSync(path + companion)) continue;
    renameSync(path + companion, aside + companion);
    isEmpty = false;
  }
  prune(path);
  return isEmpty ? undefined : aside;
};

/** Two in one millisecond get different names. */
const freePath = (wanted: string): string => {
  let path = wanted;
  for (let count = 2; existsSync(path); count++) path = `${wanted}-${count}`;
  return path;
};

const prune = (path: string): void => {
  const pattern = /^\.\d{8}T\d{9}Z\.(?:foreign|corrupt|stale)(?:-\d+)?$/u;
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
