// Starts a child that the watchdog knows before its program runs: the child begins as a shell that waits for a word on fd 3 and only then
// becomes the program (same pid). Killed in between, this process closes fd 3 and the shell ends by itself, so there is no moment in which
// an unknown child could be left behind.
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { watchdog } from './watchdog.ts';

const START_WHEN_TOLD = 'read -r go <&3 && exec 3<&- && exec "$@"';

export interface GuardedSpawnOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Standard input, output and error, as in node:child_process. */
  readonly stdio: readonly ['ignore' | 'pipe', 'pipe' | number, 'pipe' | number];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface GuardedChild {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Settles once the process has ended and its output is closed; never rejects. */
  readonly exited: Promise<Exit>;
}

/** The child leads a process group of its own (Ctrl-C does not reach it). A program that does not exist ends with code 127. */
export async function guardedSpawn(
  program: string,
  args: readonly string[],
  options: GuardedSpawnOptions,
): Promise<GuardedChild> {
  const spawnOptions: SpawnOptions = { detached: true, stdio: [...options.stdio, 'pipe'] };
  if (options.cwd !== undefined) spawnOptions.cwd = options.cwd;
  if (options.env !== undefined) spawnOptions.env = options.env;
  const child = spawn('/bin/sh', ['-c', START_WHEN_TOLD, 'sh', program, ...args], spawnOptions);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program}: started without a pid`);
  const guard = watchdog();
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('close', (code, signal) => {
      guard.release(pid).then(() => resolve({ code, signal }), reject);
    });
  });
  await guard.register(pid);
  const start = child.stdio[3];
  if (!(start instanceof Writable)) throw new Error(`${program}: no pipe to tell it to start`);
  // EPIPE: somebody killed the child before it began; `exited` tells.
  start.on('error', () => undefined);
  start.end('go\n', () => start.destroy());
  return { pid, process: child, exited };
}
