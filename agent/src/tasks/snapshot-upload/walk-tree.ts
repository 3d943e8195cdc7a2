import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';

/** A file or folder that goes into the archive. */
export interface TreeEntry {
  /** Its name in the archive: segments joined by `/`. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  readonly stat: Stats;
}

/** Folders hold thousands of files; so many are looked at at once. */
const batch = 32;
const maxDepth = 32;

/**
 * A folder and everything below it, in the order of names, so that equal trees make equal archives. Refuses what an archive of a snapshot must
 * not hold: links, devices, names that are not UTF-8. What vanishes meanwhile is `file-changed`.
 */
export async function* walkTree(root: TreeEntry, depth = 0): AsyncGenerator<TreeEntry, void, undefined> {
  yield root;
  if (!root.stat.isDirectory()) return;
  if (depth > maxDepth) throw new TaskError('file-invalid', `${root.file} lies deeper than ${maxDepth} folders`);
  const names = (await list(root.file)).toSorted();
  for (let at = 0; at < names.length; at += batch) {
    const entries = names.slice(at, at + batch).map((name) => look(join(root.file, name), `${root.path}/${name}`));
    for (const entry of await Promise.all(entries)) yield* walkTree(entry, depth + 1);
  }
}

export const look = async (file: string, path: string): Promise<TreeEntry> => {
  if (path.includes('\ufffd')) {
    throw new TaskError('file-invalid', `${file}: a name that is not UTF-8 does not go into an archive: rename it`);
  }
  try {
    const stat = await lstat(file);
    if (stat.isFile() || stat.isDirectory()) return { path, file, stat };
  } catch (error) {
    if (isMissing(error)) throw vanished(file, error);
    throw fileError('look at', file, error);
  }
  throw new TaskError(
    'file-invalid',
    `${file} is neither a file nor a folder, and nothing else goes into an archive: remove it`,
  );
};

const list = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) throw vanished(folder, error);
    throw fileError('list', folder, error);
  }
};

export const vanished = (file: string, cause: unknown): TaskError =>
  new TaskError('file-changed', `${file} vanished while it was read; nothing was uploaded`, { cause });
