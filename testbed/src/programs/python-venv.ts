// A Python program of the testbed: a virtual environment in the cache, with the packages that testbed/python pins by version and hash.
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, toolEnvironment } from '../config.ts';
import type { TestbedConfig } from '../config.ts';
import { projectPath } from '../paths.ts';
import { errorCode } from '../process/process-identity.ts';
import { mustRun, runCommand } from '../process/run-command.ts';
import { acquireFileLock } from './file-lock.ts';
import { ProgramNotFoundError } from './program-not-found-error.ts';
import { logToStandardError, withProgress } from './progress.ts';
import { inWorkFolder } from './work-folder.ts';

/** What the pinned packages need. */
const OLDEST_PYTHON = [3, 11] as const;
const LOCK_TIMEOUT_MS = 20 * 60_000;
const INSTALL_TIMEOUT_MS = 15 * 60_000;

export type VenvName = 'moto';

export interface FindVenvOptions {
  readonly config?: TestbedConfig;
  /** Progress and waits, one line each (default: standard error). */
  readonly log?: (line: string) => void;
  /** The Python to make it with (default python3). */
  readonly python?: string;
  /** Installs the packages of the requirements file (default: pip, with hashes required). */
  readonly install?: (python: string, requirements: string) => Promise<void>;
}

/** The path of the Python of the environment `name`, which is made first if need be (about a minute, once for each user and Python). */
export async function findVenv(name: VenvName, options: FindVenvOptions = {}): Promise<string> {
  const config = options.config ?? loadConfig();
  const log = options.log ?? logToStandardError;
  const python = options.python ?? 'python3';
  const version = await pythonVersion(python, name);
  const requirements = projectPath('testbed', 'python', `${name}.txt`);
  const digest = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  // Changed packages and another Python are another environment.
  const folder = join(config.cacheFolder, `venv-${name}-python${version}-${digest}`);
  const program = join(folder, 'bin', 'python');
  if (await exists(program)) return program;

  await mkdir(config.cacheFolder, { recursive: true });
  await using _ = await acquireFileLock(`${folder}.lock`, {
    timeoutMs: LOCK_TIMEOUT_MS,
    onWait: (holder) => log(`process ${holder.pid} is making the Python environment of ${name}; waiting for it`),
  });
  if (await exists(program)) return program;
  await withProgress(`python packages of ${name}`, log, async () =>
    inWorkFolder(`venv-${name}-python${version}-${digest}`, config.cacheFolder, async (work) => {
      const made = join(work, 'venv');
      await mustRun(python, ['-m', 'venv', made], { timeoutMs: INSTALL_TIMEOUT_MS });
      await (options.install ?? installWithPip)(join(made, 'bin', 'python'), requirements);
      // The scripts in bin/ hold the old path: programs are run as `python -m`.
      await rename(made, folder);
    }),
  );
  return program;
}

async function installWithPip(python: string, requirements: string): Promise<void> {
  await mustRun(
    python,
    ['-m', 'pip', 'install', '--require-hashes', '--no-input', '--disable-pip-version-check', '-r', requirements],
    // The user's settings of pip hold (an index, a certificate), but not where to install.
    { timeoutMs: INSTALL_TIMEOUT_MS, env: toolEnvironment({ PIP_USER: '0', PIP_TARGET: '', PIP_PREFIX: '' }) },
  );
}

async function pythonVersion(python: string, name: string): Promise<string> {
  const oldest = OLDEST_PYTHON.join('.');
  const install = `${name} needs Python ${oldest} or newer with venv and pip: install python3 and python3-venv`;
  // Debian's python3 has no ensurepip without its package python3-venv.
  const script = 'import sys, venv, ensurepip; print("%d.%d.%d" % sys.version_info[:3])';
  const { code, stdout, stderr } = await runCommand(python, ['-c', script], { timeoutMs: 30_000 });
  if (code === 127) throw new ProgramNotFoundError(`there is no ${python} on the PATH. ${install}`);
  if (code !== 0) throw new ProgramNotFoundError(`${python} cannot make an environment. ${install}\n${stderr.trim()}`);
  const version = stdout.trim();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== OLDEST_PYTHON[0] || minor < OLDEST_PYTHON[1])
    throw new ProgramNotFoundError(`${python} is Python ${version}. ${install}`);
  return version;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
