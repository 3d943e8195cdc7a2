import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError } from '../../node/file-errors.ts';

/** The processes that the agent sees: those of its own container, or of the pod where it shares the process namespace. */
export interface ProcessTable {
  /** Pids of the living processes with the program name, the agent itself excluded. */
  find(name: string): Promise<readonly number[]>;
  /** Sends the signal to the one process with the name; answers its pid. */
  signal(name: string, signal: NodeJS.Signals): Promise<number>;
}

/** The kernel keeps 15 characters of a program's name. https://man7.org/linux/man-pages/man5/proc_pid_comm.5.html */
const commLength = 15;

export const procProcessTable = (proc = '/proc'): ProcessTable => {
  const find = async (name: string): Promise<readonly number[]> => {
    const pids = (await list(proc)).filter((pid) => pid !== process.pid);
    const matches = await Promise.all(pids.map((pid) => isNamed(proc, pid, name)));
    return pids.filter((_, index) => matches[index] === true);
  };
  const table: ProcessTable = {
    find,
    signal: async (name, signal) => {
      const pid = await findProcess(table, name);
      try {
        process.kill(pid, signal);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === 'ESRCH') throw notFound(name, [], error);
        throw new TaskError(
          'signal-refused',
          `${signal} to ${name} (pid ${pid}) was refused: ${error instanceof Error ? error.message : String(error)}; run the agent as the node's user, or with CAP_KILL`,
          { cause: error },
        );
      }
      return pid;
    },
  };
  return table;
};

/** The pid of the one process with the name. Throws TaskError `process-not-found` where there is none or more than one. */
export const findProcess = async (table: ProcessTable, name: string): Promise<number> => {
  const pids = await table.find(name);
  const [pid] = pids;
  if (pid === undefined || pids.length > 1) throw notFound(name, pids);
  return pid;
};

const notFound = (name: string, pids: readonly number[], cause?: unknown): TaskError => {
  const found = pids.length === 0 ? 'no process' : `${pids.length} processes (pids ${pids.slice(0, 10).join(', ')})`;
  return new TaskError(
    'process-not-found',
    `signal.process: ${found} named ${name}, and exactly one must be: check the name, that the node runs, and shareProcessNamespace of the pod`,
    { cause },
  );
};

const list = async (proc: string): Promise<readonly number[]> => {
  try {
    return (await readdir(proc)).filter((entry) => /^[1-9]\d*$/.test(entry)).map(Number);
  } catch (error) {
    throw fileError('list the processes in', proc, error);
  }
};

const isNamed = async (proc: string, pid: number, name: string): Promise<boolean> => {
  try {
    const comm = (await readFile(join(proc, String(pid), 'comm'), 'utf8')).replace(/\n$/, '');
    if (comm !== name.slice(0, commLength)) return false;
    // A zombie has a name, and takes no signal. The state follows the name, which is in parentheses and may hold any character.
    const stat = await readFile(join(proc, String(pid), 'stat'), 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // It ended while we looked, or is none of ours to see: in both cases not the one that is meant.
    return false;
  }
};
