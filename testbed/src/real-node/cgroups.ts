// The cgroups of a node: one of its own in every hierarchy, below which the kubelet keeps those of its pods. They outlive the namespaces, so
// who made them removes them, and what a killed run has left is removed by the next.
// https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html https://docs.kernel.org/admin-guide/cgroup-v2.html
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isAlive, ownIdentity } from '../process/process-identity.ts';
import { waitFor } from '../wait.ts';

/** What a kubelet wants of version 2. */
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];
const REMOVE_TIMEOUT_MS = 30_000;

export interface Cgroups {
  readonly version: 1 | 2;
  /** Mount points of the hierarchies with controllers; of version 2 it is one. */
  readonly hierarchies: readonly string[];
  /** Also that of version 2 beside those of version 1, in which runc makes cgroups too. */
  readonly all: readonly string[];
}

/** What this machine has. Throws where it has none. */
export async function findCgroups(): Promise<Cgroups> {
  return parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
}

/** From the lines of /proc/self/mountinfo. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function parseCgroupMounts(mountinfo: string): Cgroups {
  const mounts = mountinfo.split('\n').flatMap((line) => {
    const [fields = '', more = ''] = line.split(' - ');
    const path = fields.split(' ')[4];
    return path === undefined ? [] : [{ path, type: more.split(' ')[0] }];
  });
  const pathsOf = (wanted: string): string[] => [
    ...new Set(mounts.filter(({ type }) => type === wanted).map(({ path }) => path)),
  ];
  const first = pathsOf('cgroup');
  const second = pathsOf('cgroup2').slice(0, 1);
  if (first.length + second.length === 0)
    throw new Error('no cgroups are mounted on this machine: a kubelet cannot do without');
  return {
    version: first.length > 0 ? 1 : 2,
    hierarchies: first.length > 0 ? first : second,
    all: [...first, ...second],
  };
}

/** Makes the cgroup `name` in every hierarchy, for a kubelet with `cgroupRoot: /<name>`. */
export async function makeCgroup(name: string, { version, hierarchies }: Cgroups): Promise<void> {
  for (const hierarchy of hierarchies) {
    if (version === 2) await handDownControllers(hierarchy);
    const folder = join(hierarchy, name);
    await mkdir(folder);
    if (version === 1) await copyCpuset(hierarchy, folder);
  }
}

/** In version 2 a cgroup has the controllers that its parent hands down. */
async function handDownControllers(hierarchy: string): Promise<void> {
  const here = (await readFile(join(hierarchy, 'cgroup.controllers'), 'utf8')).split(/\s+/);
  const missing = CONTROLLERS.filter((name) => !here.includes(name));
  if (missing.length > 0) throw new Error(`${hierarchy} lacks the cgroup controllers ${missing.join(', ')}`);
  const down = (await readFile(join(hierarchy, 'cgroup.subtree_control'), 'utf8')).split(/\s+/);
  const wanted = CONTROLLERS.filter((name) => !down.includes(name)).map((name) => `+${name}`);
  if (wanted.length === 0) return;
  try {
    await writeFile(join(hierarchy, 'cgroup.subtree_control'), wanted.join(' '));
  } catch (error) {
    if (errorCode(error) !== 'EBUSY') throw error;
    throw new Error(
      `${hierarchy} holds processes itself, so it can hand no cgroup controllers down: in a container, its processes must be in a cgroup of their own below`,
      { cause: error },
    );
  }
}

/** In version 1 a cpuset begins empty, and an empty one takes no process. */
async function copyCpuset(from: string, to: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    try {
      await writeFile(join(to, file), await readFile(join(from, file), 'utf8'));
    } catch (error) {
      // The hierarchy is of another controller.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** Kills every process in the cgroup `name` and below. */
export async function killCgroup(name: string, cgroups: Cgroups): Promise<void> {
  for (const pid of await processesBelow(name, cgroups)) {
    // A process of another PID namespace, which has no number here; to kill 0 would kill this process' own group.
    if (pid === 0) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  }
}

/** Removes the cgroup `name` with all below it; its processes must have ended, or be about to. One that is not there is fine. */
export async function removeCgroup(name: string, { all }: Cgroups): Promise<void> {
  for (const hierarchy of all) {
    for (const folder of await treeOf(join(hierarchy, name))) {
      await waitFor(async () => removeFolder(folder), {
        what: `the processes in ${folder} to end`,
        timeoutMs: REMOVE_TIMEOUT_MS,
      });
    }
  }
}

/** A name that tells whose it is. */
export function cgroupName(owner = ownIdentity()): string {
  return `nodetask-${owner.pid}-${owner.startTime ?? ''}-${randomBytes(3).toString('hex')}`;
}

/** Removes the cgroups of owners that are gone; answers their names. One that still has processes is left alone. */
export async function sweepCgroups(cgroups: Cgroups): Promise<readonly string[]> {
  const names = (await Promise.all(cgroups.all.map(async (hierarchy) => readdir(hierarchy)))).flat();
  const removed: string[] = [];
  for (const name of new Set(names)) {
    const [, pid, startTime] = /^nodetask-(\d+)-(\d+)-[0-9a-f]{6}$/.exec(name) ?? [];
    if (pid === undefined || startTime === undefined) continue;
    if (isAlive({ pid: Number(pid), startTime }) || (await processesBelow(name, cgroups)).size > 0) continue;
    await removeCgroup(name, cgroups);
    removed.push(name);
  }
  return removed;
}

async function processesBelow(name: string, { all }: Cgroups): Promise<ReadonlySet<number>> {
  const processes = new Set<number>();
  for (const hierarchy of all) {
    for (const folder of await treeOf(join(hierarchy, name)))
      for (const pid of await processesOf(folder)) processes.add(pid);
  }
  return processes;
}

/** The folder and all below it, deepest first; none if it is not there. */
async function treeOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const below = await Promise.all(
      entries.filter((entry) => entry.isDirectory()).map(async (entry) => treeOf(join(folder, entry.name))),
    );
    return [...below.flat(), folder];
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function processesOf(folder: string): Promise<number[]> {
  try {
    return (await readFile(join(folder, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENODEV') return [];
    throw error;
  }
}

async function removeFolder(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    if (errorCode(error) === 'EBUSY') return false;
    throw error;
  }
}
