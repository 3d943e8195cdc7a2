import { chmod, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes everything in a folder readable for all and writable for its owner, whatever the umask was when it was written. */
export const setModes = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await setModes(path);
    else await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
};
