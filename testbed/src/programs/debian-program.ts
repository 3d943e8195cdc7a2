// A program of a Debian package: from the PATH, else out of the package itself, which is unpacked into the cache. Nothing is installed, so no
// service starts and nobody needs to be root.
import { access, constants, mkdir, readdir, rename } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { loadConfig, searchPath } from '../config.ts';
import type { TestbedConfig } from '../config.ts';
import { errorCode } from '../process/process-identity.ts';
import { mustRun, runCommand } from '../process/run-command.ts';
import { acquireFileLock } from './file-lock.ts';
import { ProgramNotFoundError } from './program-not-found-error.ts';
import { logToStandardError, withProgress } from './progress.ts';
import { inWorkFolder } from './work-folder.ts';

const LOCK_TIMEOUT_MS = 10 * 60_000;
const FETCH_TIMEOUT_MS = 5 * 60_000;

/** The package of each program. They need no more than the C library, which is why unpacking is enough. */
export const DEBIAN_PROGRAMS = { promtool: 'prometheus', prometheus: 'prometheus' } as const;

export type DebianProgramName = keyof typeof DEBIAN_PROGRAMS;

export interface FindDebianProgramOptions {
  readonly config?: TestbedConfig;
  /** Progress and waits, one line each (default: standard error). */
  readonly log?: (line: string) => void;
  /** Folders to look in first (default: those of PATH). */
  readonly path?: readonly string[];
  /** Puts the package's .deb into a folder (default: apt-get download). */
  readonly download?: (debianPackage: string, folder: string) => Promise<void>;
}

/** The path of the program, fetched first if need be (seconds, once for each user). */
export async function findDebianProgram(
  name: DebianProgramName,
  options: FindDebianProgramOptions = {},
): Promise<string> {
  const config = options.config ?? loadConfig();
  const log = options.log ?? logToStandardError;
  const debianPackage = DEBIAN_PROGRAMS[name];
  const folder = join(config.cacheFolder, `debian-${debianPackage}`);
  const cached = join(folder, 'usr', 'bin', name);
  const folders = [...config.programFolders, ...(options.path ?? searchPath().split(delimiter))];
  for (const path of [...folders.map((one) => join(one, name)), cached]) if (await isExecutable(path)) return path;

  await mkdir(config.cacheFolder, { recursive: true });
  await using _ = await acquireFileLock(`${folder}.lock`, {
    timeoutMs: LOCK_TIMEOUT_MS,
    onWait: (holder) => log(`process ${holder.pid} is fetching the package ${debianPackage}; waiting for it`),
  });
  if (await isExecutable(cached)) return cached;
  await withProgress(`Debian package ${debianPackage}`, log, async () =>
    inWorkFolder(`debian-${debianPackage}`, config.cacheFolder, async (work) => {
      await (options.download ?? downloadWithApt)(debianPackage, work);
      const deb = (await readdir(work)).find((file) => file.endsWith('.deb'));
      if (deb === undefined) throw new ProgramNotFoundError(`there is no .deb of ${debianPackage}. ${advice(name)}`);
      const unpacked = join(work, 'unpacked');
      await mustRun('dpkg-deb', ['--extract', join(work, deb), unpacked]);
      await rename(unpacked, folder);
    }),
  );
  if (!(await isExecutable(cached)))
    throw new ProgramNotFoundError(`the package ${debianPackage} holds no /usr/bin/${name}. ${advice(name)}`);
  return cached;
}

/** Twice where it has to be: a fresh machine has no package lists, or old ones. */
async function downloadWithApt(debianPackage: string, folder: string): Promise<void> {
  const download = async () =>
    runCommand('apt-get', ['download', '--quiet', debianPackage], { cwd: folder, timeoutMs: FETCH_TIMEOUT_MS });
  const first = await download();
  if (first.code === 0) return;
  if (first.code !== 127) await runCommand('apt-get', ['update', '--quiet'], { timeoutMs: FETCH_TIMEOUT_MS });
  const second = first.code === 127 ? first : await download();
  if (second.code === 0) return;
  const why = second.code === 127 ? 'there is no apt-get' : second.stderr.trim();
  throw new ProgramNotFoundError(`the Debian package ${debianPackage} cannot be fetched (${why}). ${advice()}`);
}

const advice = (name?: DebianProgramName): string =>
  `Put ${name ?? Object.keys(DEBIAN_PROGRAMS).join(' and ')} on the PATH, or into a folder that NODETASK_TESTBED_BIN names`;

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return false;
    throw error;
  }
}
