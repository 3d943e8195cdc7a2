// One hash for all that is in a folder: names, modes and bytes.
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderHash {
  readonly sha256: string;
  readonly files: number;
  readonly bytes: number;
}

/** Reads each file whole: not for large folders. */
export const hashFolder = async (folder: string): Promise<FolderHash> => {
  const hash = createHash('sha256');
  let files = 0;
  let bytes = 0;
  for (const path of (await readdir(folder, { recursive: true })).toSorted()) {
    const stat = await lstat(join(folder, path));
    const content = stat.isFile() ? await readFile(join(folder, path)) : Buffer.alloc(0);
    hash.update(JSON.stringify([path, stat.mode, content.length])).update(content);
    if (stat.isFile()) files++;
    bytes += content.length;
  }
  return { sha256: hash.digest('hex'), files, bytes };
};
