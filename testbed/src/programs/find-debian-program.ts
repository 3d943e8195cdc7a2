// Finds a program of a Debian package: NODETASK_TESTBED_BIN, KUBEBUILDER_ASSETS → the PATH → cache → the package, unpacked into the cache →
// an error that says what to install. Nothing is installed, no root is needed.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from '../config.ts';
import type { TestbedConfig } from '../config.ts';
import { errorCode } from '../process/process-identity.ts';
import { runCommand } from '../process/run-command.ts';
import { DEBIAN_PROGRAMS } from './debian-catalogue.ts';
import type { DebianProgram, DebianProgramName } from './debian-catalogue.ts';
import { libraryFolders, unpackDebianPackage } from './debian-package.ts';
import { acquireFileLock } from './file-lock.ts';
import { isExecutable } from './is-executable.ts';
import { ProgramNotFoundError } from './program-not-found-error.ts';
import { logToStandardError, withProgress } from './progress.ts';
import { inWorkFolder } from './work-folder.ts';

const LOCK_TIMEOUT_MS = 20 * 60_000;

export interface FindDebianProgramOptions {
  readonly config?: TestbedConfig;
  /** Progress and waits, one line each (default: standard error). */
  readonly log?: (line: string) => void;
  /** Options of apt-get in front of all others: other sources, for tests. */
  readonly aptOptions?: readonly string[];
  /** The apt-get to use (default: that of the PATH). */
  readonly apt?: string;
}

/** The path of the program; its package is fetched first if need be (once for each user and release of Debian). */
export async function findDebianProgram(
  name: DebianProgramName,
  options: FindDebianProgramOptions = {},
): Promise<string> {
  return findInPackage(DEBIAN_PROGRAMS[name], options);
}

/** As findDebianProgram(), of a program that need not be in the catalogue. */
export async function findInPackage(
  program: Omit<DebianProgram, 'name'> & { readonly name: string },
  options: FindDebianProgramOptions = {},
): Promise<string> {
  const config = options.config ?? loadConfig();
  const log = options.log ?? logToStandardError;
  for (const folder of [...config.programFolders, ...config.systemFolders]) {
    const path = join(folder, program.name);
    if (await isExecutable(path)) return path;
  }
  // Its libraries are those of this release.
  const target = join(config.cacheFolder, `debian-${await debianRelease()}-${program.package}-${program.name}`);
  const path = join(target, program.name);
  if (await isExecutable(path)) return path;

  await mkdir(config.cacheFolder, { recursive: true });
  await using _ = await acquireFileLock(`${target}.lock`, {
    timeoutMs: LOCK_TIMEOUT_MS,
    onWait: (holder) => log(`process ${holder.pid} is fetching ${program.package}; waiting for it`),
  });
  // Another process may have fetched it while this one waited.
  if (await isExecutable(path)) return path;
  const searched = [...config.programFolders, ...config.systemFolders, config.cacheFolder].join(', ');
  const advice = `Install ${program.name} (Debian's package ${program.package}), or put it into a folder and name that in NODETASK_TESTBED_BIN`;
  if (!(await hasApt(options.apt ?? 'apt-get'))) {
    throw new ProgramNotFoundError(
      `${program.name} is in none of ${searched}, and there is no apt-get on the PATH to fetch it. ${advice}`,
    );
  }
  try {
    await withProgress(`Debian's package ${program.package}`, log, async () =>
      inWorkFolder(`debian-${program.package}-${program.name}`, config.cacheFolder, async (work) => {
        const root = join(work, 'root');
        await unpackDebianPackage(program.package, {
          root,
          work,
          apt: options.apt ?? 'apt-get',
          aptOptions: options.aptOptions ?? [],
        });
        const unpacked = await findUnpacked(program, root);
        await writeFile(join(root, program.name), await launcher(unpacked, root, target), { mode: 0o755 });
        await rename(root, target);
      }),
    );
  } catch (error) {
    throw new ProgramNotFoundError(
      `${program.name} is in none of ${searched}, and its package could not be fetched (${error instanceof Error ? error.message : String(error)}). ${advice}`,
      { cause: error },
    );
  }
  return path;
}

async function hasApt(apt: string): Promise<boolean> {
  // A program that is not on the PATH ends with 127.
  return (await runCommand(apt, ['--version'], { timeoutMs: 30_000 })).code === 0;
}

/** Relative to `root`. */
async function findUnpacked(program: Omit<DebianProgram, 'name'>, root: string): Promise<string> {
  for (const path of [program.path, join('usr', program.path)]) if (await isExecutable(join(root, path))) return path;
  throw new Error(`the package ${program.package} holds no program ${program.path}`);
}

/** A script that starts the program with the libraries that came with it; `root` will be renamed to `target`. */
async function launcher(program: string, root: string, target: string): Promise<string> {
  const folders = (await libraryFolders(root)).map((folder) => join(target, folder));
  const libraries =
    folders.length === 0 ? '' : `export LD_LIBRARY_PATH="${folders.join(':')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n`;
  return `#!/bin/sh\n${libraries}exec "${join(target, program)}" "$@"\n`;
}

/** "debian-bookworm". https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
async function debianRelease(): Promise<string> {
  try {
    const { ID = 'linux', VERSION_CODENAME = 'unknown' } = parseEnv(await readFile('/etc/os-release', 'utf8'));
    return `${ID}-${VERSION_CODENAME}`;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'unknown';
    throw error;
  }
}
