// Runs a program in namespaces of its own, in which a real node can live: what it starts, mounts and routes there ends with it, whatever
// happens. Only its cgroups and its folder are outside; they are removed here, or by the next run.
import { loadConfig, nodeEnvironment } from '../config.ts';
import { guardedSpawn } from '../process/guarded-spawn.ts';
import type { Exit } from '../process/guarded-spawn.ts';
import { makeTempFolder } from '../temp-folder.ts';
import { cgroupName, findCgroups, makeCgroup, removeCgroup, sweepCgroups } from './cgroups.ts';

/** The first process of a PID namespace inherits every orphan: a shell that waits also buries them. */
const FIRST_PROCESS = '"$@" & wait $!';

export interface NamespaceOptions {
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** The program is killed after this time. */
  readonly timeoutMs: number;
  /** Kills the program. */
  readonly signal?: AbortSignal;
}

/** Answers how the program ended, once nothing of it is left. Its output goes where that of this process goes. */
export async function runInNamespaces(
  program: string,
  args: readonly string[],
  options: NamespaceOptions,
): Promise<Exit> {
  const cgroups = await findCgroups();
  await sweepCgroups(cgroups);
  const { tempRoot, keepFolders } = loadConfig();
  const folder = await makeTempFolder(tempRoot, 'node');
  const cgroup = cgroupName();
  await makeCgroup(cgroup, cgroups);
  try {
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const child = await guardedSpawn(
      'unshare',
      [...namespaces, '/bin/sh', '-c', FIRST_PROCESS, 'sh', program, ...args],
      { env: nodeEnvironment(folder.path, cgroup, options.env ?? {}), stdio: ['ignore', 1, 2] },
    );
    // Whose parent is gone, the kernel kills; and with the first process all others of the namespace.
    const kill = (): void => {
      process.kill(-child.pid, 'SIGKILL');
    };
    const limit = AbortSignal.timeout(options.timeoutMs);
    const stop = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
    stop.addEventListener('abort', kill, { once: true });
    try {
      return await child.exited;
    } finally {
      stop.removeEventListener('abort', kill);
    }
  } finally {
    await removeCgroup(cgroup, cgroups);
    if (keepFolders) await folder.keep();
    else await folder.remove();
  }
}
