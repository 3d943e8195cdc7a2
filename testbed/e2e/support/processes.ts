// The processes of containers, as the node sees them: its PID namespace holds theirs.
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../src/process/process-identity.ts';
import { findCgroups } from '../../src/real-node/cgroups.ts';
import { waitFor } from '../../src/wait.ts';

const TIMEOUT_MS = 60_000;

/** The process that runs `program` (its path in the image) in a pod. */
export const processOf = async (podUID: string, program: string): Promise<number> => {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [command, cgroup] = await Promise.all([readIfThere(pid, 'cmdline'), readIfThere(pid, 'cgroup')]);
    if (command.split('\0')[0] === program && cgroup.includes(`pod${podUID}`)) return Number(pid);
  }
  throw new Error(`no process of pod ${podUID} runs ${program}`);
};

/**
 * Uses up the memory of a process' container until the kernel kills that process. Which one it kills is a matter of scores; that of the
 * process is set to the highest.
 */
export const killByMemory = async (pid: number): Promise<void> => {
  await writeFile(join('/proc', String(pid), 'oom_score_adj'), '1000');
  const greedy = spawn(
    process.execPath,
    [
      '-e',
      'process.stdin.once("data", () => { const all = []; setInterval(() => all.push(Buffer.alloc(4 << 20, 1)), 1); })',
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  try {
    await writeFile(join(await memoryCgroup(pid), 'cgroup.procs'), String(greedy.pid));
    greedy.stdin.write('\n');
    await waitFor(async () => (await readIfThere(String(pid), 'cmdline')) === '', {
      what: `the kernel to kill process ${pid} for want of memory`,
      timeoutMs: TIMEOUT_MS,
    });
  } finally {
    greedy.kill('SIGKILL');
  }
};

/** The folder of the cgroup that limits the memory of a process. https://man7.org/linux/man-pages/man7/cgroups.7.html */
const memoryCgroup = async (pid: number): Promise<string> => {
  const { version, hierarchies } = await findCgroups();
  const lines = (await readFile(join('/proc', String(pid), 'cgroup'), 'utf8')).split('\n');
  const isMemory = (line: string): boolean =>
    version === 2 ? line.startsWith('0::') : (line.split(':')[1]?.split(',').includes('memory') ?? false);
  const path = lines.find(isMemory)?.split(':')[2];
  const mount = hierarchies.find((folder) => version === 2 || folder.split('/').at(-1)?.split(',').includes('memory'));
  if (path === undefined || mount === undefined) throw new Error(`process ${pid} is in no cgroup for memory`);
  return join(mount, path);
};

/** Empty where the process is gone. */
const readIfThere = async (pid: string, file: string): Promise<string> => {
  try {
    return await readFile(join('/proc', pid, file), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return '';
    throw error;
  }
};
