// Where something for the cache is made before it is renamed into place, so that nobody ever sees half of it.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A folder in the cache, removed afterwards in any case. Who is here holds the lock of `name`: another such folder of that name was left
 * by a process that was killed.
 */
export async function inWorkFolder(
  name: string,
  cacheFolder: string,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const prefix = `.making-${name}.`;
  for (const entry of await readdir(cacheFolder)) {
    if (entry.startsWith(prefix)) await rm(join(cacheFolder, entry), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(cacheFolder, prefix));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
