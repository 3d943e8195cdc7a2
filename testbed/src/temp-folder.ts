// One temp folder for each running test bed. It names its owner, so that the next start can remove what a killed run left behind.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isAlive, ownIdentity, parseIdentity } from './process/process-identity.ts';

const OWNER = 'owner.json';
const KEPT = 'kept';
/** A folder without a readable owner is being made right now, or was left by a crash in that moment. */
const UNOWNED_GRACE_MS = 60_000;

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
  /** Keeps it over the end of this process: no sweep takes it, a person must. */
  keep(): Promise<void>;
}

/** Makes `<root>/<name>-<random>` (mode 0700) after removing the folders of dead owners under `root`. */
export async function makeTempFolder(root: string, name: string): Promise<TempFolder> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await sweepTempFolders(root);
  const path = join(root, `${name}-${randomBytes(6).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  await writeFile(join(path, OWNER), JSON.stringify(ownIdentity()));
  const remove = async (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 3 });
  const keep = async (): Promise<void> => writeFile(join(path, KEPT), '');
  return { path, remove, keep, [Symbol.asyncDispose]: remove };
}

/** Removes the folders whose owner is dead; answers their paths. */
export async function sweepTempFolders(root: string): Promise<string[]> {
  const removed: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(root, entry.name);
    if (!(await isAbandoned(path))) continue;
    // Renamed first: of two sweepers only one goes on.
    const doomed = join(root, `.${entry.name}-${randomBytes(4).toString('hex')}`);
    try {
      await rename(path, doomed);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') continue;
      throw error;
    }
    await rm(doomed, { recursive: true, force: true, maxRetries: 3 });
    removed.push(path);
  }
  return removed;
}

async function isAbandoned(path: string): Promise<boolean> {
  if (existsSync(join(path, KEPT))) return false;
  try {
    const owner = parseIdentity(await readFile(join(path, OWNER), 'utf8'));
    if (owner !== undefined) return !isAlive(owner);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  try {
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > UNOWNED_GRACE_MS;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
