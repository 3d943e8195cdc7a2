// Fetches a Debian package with what it depends on and is missing on this machine, and unpacks all of it into a folder. The package
// database and the lists of the machine stay as they are.
import { glob, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toolEnvironment } from '../config.ts';
import { CommandError, mustRun } from '../process/run-command.ts';

const UPDATE_TIMEOUT_MS = 5 * 60_000;
const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;
const UNPACK_TIMEOUT_MS = 2 * 60_000;

const HARMLESS = [
  // The folder may be closed to the user that apt-get of root downloads as.
  'APT::Sandbox::User=',
  // Nothing of the machine's is changed: no lock, no cache of its lists.
  'Debug::NoLocking=true',
  'Dir::Cache::pkgcache=',
  'Dir::Cache::srcpkgcache=',
].flatMap((option) => ['-o', option]);

export interface UnpackOptions {
  /** Where the files of the packages go. */
  readonly root: string;
  /** Holds what is in between; the caller removes it. */
  readonly work: string;
  readonly apt: string;
  readonly aptOptions: readonly string[];
}

/** Throws CommandError with the words of apt-get or dpkg-deb. */
export async function unpackDebianPackage(name: string, options: UnpackOptions): Promise<void> {
  const archives = join(options.work, 'archives');
  await mkdir(archives, { recursive: true });
  try {
    await download(name, archives, options, []);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // The machine has no lists of packages, or old ones: take new ones, for this time.
    const lists = join(options.work, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::lists=${lists}`];
    await apt(options, [...own, 'update'], { timeoutMs: UPDATE_TIMEOUT_MS });
    await download(name, archives, options, own);
  }
  await mkdir(options.root);
  for await (const archive of glob('*.deb', { cwd: archives }))
    await mustRun('dpkg-deb', ['--extract', join(archives, archive), options.root], { timeoutMs: UNPACK_TIMEOUT_MS });
}

/** Folders below `root`, relative to it, that hold shared libraries. */
export async function libraryFolders(root: string): Promise<readonly string[]> {
  const folders = new Set<string>();
  for await (const file of glob('{usr/,}lib/{*/,}*.so.*', { cwd: root })) folders.add(dirname(file));
  return [...folders].toSorted();
}

async function download(name: string, folder: string, options: UnpackOptions, more: readonly string[]): Promise<void> {
  // What `install` would take, without doing it.
  const { stdout } = await apt(options, [
    ...more,
    'install',
    '--print-uris',
    '--yes',
    '--no-install-recommends',
    '--',
    name,
  ]);
  // 'uri' name_version_architecture.deb size hash
  const names = [...stdout.matchAll(/^'\S+' ([^\s_]+)_\S+\.deb /gm)].map((match) => match[1] ?? '');
  if (names.includes('libc6'))
    throw new Error(`${name} needs another libc6 than is installed: bring this machine's packages up to date first`);
  await apt(options, [...more, 'download', '--', ...new Set([name, ...names])], {
    cwd: folder,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
}

async function apt(
  options: UnpackOptions,
  args: readonly string[],
  how: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<{ readonly stdout: string }> {
  return mustRun(options.apt, ['-q', ...HARMLESS, ...options.aptOptions, ...args], {
    env: toolEnvironment({ LC_ALL: 'C.UTF-8' }),
    ...how,
  });
}
