// Finds a program of the testbed, or makes it: NODETASK_TESTBED_BIN, KUBEBUILDER_ASSETS → cache → `go build` → envtest archive → an error
// that says what to install. One lock for each program, so that two test runs do not build it twice.
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import type { TestbedConfig } from '../config.ts';
import { projectPath } from '../paths.ts';
import { errorCode } from '../process/process-identity.ts';
import { buildProgram, probeGo } from './build-program.ts';
import type { GoProbe } from './build-program.ts';
import { PROGRAMS } from './catalogue.ts';
import type { Program, ProgramName } from './catalogue.ts';
import { findEnvtestArchive, unpackEnvtestArchive } from './envtest-archive.ts';
import { acquireFileLock } from './file-lock.ts';
import { isExecutable } from './is-executable.ts';
import { ProgramNotFoundError } from './program-not-found-error.ts';
import { logToStandardError, withProgress } from './progress.ts';
import { inWorkFolder } from './work-folder.ts';

const LOCK_TIMEOUT_MS = 45 * 60_000;

export interface FindProgramOptions {
  readonly config?: TestbedConfig;
  /** Progress and waits, one line each (default: standard error). */
  readonly log?: (line: string) => void;
  readonly probeGo?: () => Promise<GoProbe>;
  /** Builds the program to a file (default: `go build` from testbed/go). */
  readonly build?: (program: Program, output: string) => Promise<void>;
}

/** The path of the program, built first if need be (minutes, once for each user and version). */
export async function findProgram(name: ProgramName, options: FindProgramOptions = {}): Promise<string> {
  const program = PROGRAMS[name];
  const config = options.config ?? loadConfig();
  const log = options.log ?? logToStandardError;
  for (const folder of config.programFolders) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  const cached = await findCached(program, config.cacheFolder);
  if (cached !== undefined) return cached;

  await mkdir(config.cacheFolder, { recursive: true });
  const lock = await acquireFileLock(join(config.cacheFolder, `${name}-${program.version}.lock`), {
    timeoutMs: LOCK_TIMEOUT_MS,
    onWait: (holder) => log(`process ${holder.pid} is making ${name} ${program.version}; waiting for it`),
  });
  try {
    // Another process may have made it while this one waited.
    const made = await findCached(program, config.cacheFolder);
    return made ?? (await makeProgram(program, config, { ...options, log }));
  } finally {
    await lock.release();
  }
}

/** Finds all of `names`, one after the other (a build uses every core by itself). */
export async function findPrograms<const Names extends readonly ProgramName[]>(
  names: Names,
  options: FindProgramOptions = {},
): Promise<Record<Names[number], string>> {
  const entries: [ProgramName, string][] = [];
  for (const name of names) entries.push([name, await findProgram(name, options)]);
  return Object.fromEntries(entries) as Record<Names[number], string>;
}

async function makeProgram(
  program: Program,
  config: TestbedConfig,
  options: FindProgramOptions & { readonly log: (line: string) => void },
): Promise<string> {
  const searched = [...config.programFolders, config.cacheFolder].join(', ');
  if ((await (options.probeGo ?? probeGo)()) === 'present') {
    const target = await cachePath(program, config.cacheFolder);
    await withProgress(`go build ${program.name} ${program.version}`, options.log, async () =>
      inWorkFolder(program.name, config.cacheFolder, async (folder) => {
        const output = join(folder, program.name);
        await (options.build ?? buildProgram)(program, output);
        await rename(output, target);
      }),
    );
    return target;
  }
  const missing = `${program.name} ${program.version} is in none of ${searched}, and there is no go on the PATH to build it`;
  if (!program.inEnvtest) {
    throw new ProgramNotFoundError(
      `${missing}. Install Go 1.26.5 or newer, or put ${program.name} into a folder and name it in NODETASK_TESTBED_BIN`,
    );
  }
  try {
    return await installFromEnvtest(program, config, options.log);
  } catch (error) {
    throw new ProgramNotFoundError(
      `${missing}; the envtest archive did not give it either (${error instanceof Error ? error.message : String(error)}). Install Go 1.26.5 or newer, or set KUBEBUILDER_ASSETS to a folder made by setup-envtest`,
      { cause: error },
    );
  }
}

async function installFromEnvtest(
  program: Program,
  config: TestbedConfig,
  log: (line: string) => void,
): Promise<string> {
  const kubernetes = PROGRAMS['kube-apiserver'].version;
  const archive = await findEnvtestArchive(config.envtestIndex, kubernetes);
  const target = join(config.cacheFolder, `${program.name}-envtest-${archive.version}`);
  await withProgress(`download ${archive.url} for ${program.name}`, log, async () =>
    inWorkFolder(program.name, config.cacheFolder, async (folder) => {
      const output = join(folder, program.name);
      await copyFile(join(await unpackEnvtestArchive(archive, folder), program.name), output);
      await chmod(output, 0o755);
      await rename(output, target);
    }),
  );
  return target;
}

async function cachePath(program: Program, cacheFolder: string): Promise<string> {
  const sources = program.ownSources === undefined ? '' : `-${await sourceDigest(program.module)}`;
  return join(cacheFolder, `${program.name}-${program.version}${sources}`);
}

/** Of everything in the folder of a program that is the testbed's own: changed sources are another program. */
async function sourceDigest(module: string): Promise<string> {
  const folder = projectPath('testbed', 'go', module);
  const hash = createHash('sha256');
  for (const name of (await readdir(folder)).toSorted()) {
    const content = await readFile(join(folder, name));
    hash.update(`${name} ${String(content.length)}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 12);
}

async function findCached(program: Program, cacheFolder: string): Promise<string | undefined> {
  const built = await cachePath(program, cacheFolder);
  if (await isExecutable(built)) return built;
  if (!program.inEnvtest) return undefined;
  let names: string[];
  try {
    names = await readdir(cacheFolder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const minor = PROGRAMS['kube-apiserver'].version.split('.').slice(0, 2).join('.');
  const downloaded = names.find((name) => name.startsWith(`${program.name}-envtest-${minor}.`));
  return downloaded === undefined ? undefined : join(cacheFolder, downloaded);
}
