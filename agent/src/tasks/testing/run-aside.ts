import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface AsideJob {
  readonly home: string;
  readonly type: 'config-patch' | 'config-validate' | 'config-apply';
  readonly params: unknown;
  /** The process is killed then: what never ends must not keep the test. */
  readonly timeoutMs: number;
}

export interface AsideResult {
  readonly outcome?: string;
  /** Code and message of the error with which the task failed. */
  readonly failure?: string;
  /** The longest time, in processor time of the main thread, in which it did nothing but the task. */
  readonly blockedMs: number;
  /** The most memory that the process had. */
  readonly peakMiB: number;
}

/** Runs a task in a process of its own, and measures how long it kept that from everything else. */
export const runAside = async (job: AsideJob): Promise<AsideResult> => {
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(new URL('aside-program.ts', import.meta.url)), JSON.stringify(job)],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: job.timeoutMs, killSignal: 'SIGKILL' },
  );
  const output = text(child.stdout);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0)
    throw new Error(
      `${job.type} did not end within ${job.timeoutMs} ms, or died: exit ${String(code)}, ${String(signal)}`,
    );
  return JSON.parse(await output) as AsideResult;
};
