import { abortReason, type JsonObject, TaskError } from '@nodetask/shared';
import type { TaskContext, TaskHandler, TaskHandlers, ToldReport } from '../../src/engine/task-handler.ts';

/** One run that a test lets go on, fail or end. */
export interface HeldRun {
  readonly context: TaskContext<unknown>;
  finish(output?: JsonObject): void;
  fail(error: Error): void;
}

/**
 * Handlers whose runs a test holds in its hands: `config-validate` waits for finish or fail, `mark-ready` succeeds at once,
 * `config-patch` answers with an output of the size that its params say, `config-reload` is refused by its check.
 */
export class TestHandlers {
  readonly runs: HeldRun[] = [];
  #waiters: (() => void)[] = [];

  readonly handlers: TaskHandlers = {
    'config-validate': held(this),
    'mark-ready': {
      interrupted: 'run-again',
      locks: () => [],
      run: () => Promise.resolve({ outcome: 'changed', message: 'done' }),
    },
    'config-patch': {
      interrupted: 'run-again',
      locks: () => ['config'],
      run: ({ params }) => {
        const size = Number(params.files?.['client.toml']?.['outputBytes'] ?? 0);
        return Promise.resolve({ outcome: 'changed', message: 'done', output: { text: 'x'.repeat(size) } });
      },
    },
    'config-reload': {
      interrupted: 'fail',
      locks: () => [],
      check: () => {
        throw new TaskError('egress-refused', 'params.x names 127.0.0.1, a loopback address. Use another host.');
      },
      run: () => Promise.resolve({ outcome: 'changed', message: 'done' }),
    },
  };

  /** The next run that has not been awaited yet, once it has started. */
  async next(index = this.runs.length): Promise<HeldRun> {
    for (;;) {
      const run = this.runs[index];
      if (run !== undefined) return run;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  started(run: HeldRun): void {
    this.runs.push(run);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

const held = (owner: TestHandlers): TaskHandler<never> => ({
  interrupted: 'fail',
  daemon: true,
  locks: () => [],
  run: (context) =>
    new Promise<ToldReport>((resolve, reject) => {
      context.signal.addEventListener(
        'abort',
        () => {
          reject(abortReason(context.signal));
        },
        { once: true },
      );
      owner.started({
        context,
        finish: (output) => {
          resolve({ outcome: 'unchanged', message: 'nothing to do', ...(output === undefined ? {} : { output }) });
        },
        fail: reject,
      });
    }),
});
