import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from './steps.ts';

/** Programs that take processor time from everything beside them, until they are disposed of or this process is gone. */
export class BusyLoops implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () =>
      spawn(process.execPath, [join(root, 'scripts', 'busy-loop.mjs')], {
        // Its input is how it learns that this process is gone, also when that was killed.
        stdio: ['pipe', 'ignore', 'inherit'],
      }),
    );
  }

  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
  }
}
