import type { TaskContext, TaskHandler, TaskReport, ToldReport } from '../../../src/engine/task-handler.ts';

/** A run that waits for the test to end it. */
export interface ControlledRun {
  readonly context: TaskContext<unknown>;
  complete(report?: TaskReport): void;
  fail(error: unknown): void;
}

export interface ControlledOptions {
  readonly interrupted?: 'run-again' | 'fail';
  /** Default: true. */
  readonly daemon?: boolean;
  readonly locks?: readonly string[];
  /** Ends with the abort's reason when the signal aborts. Default: true. */
  readonly heedsAbort?: boolean;
  readonly check?: (params: unknown) => void;
}

/** A handler whose runs the test sees and ends. */
export class ControlledHandler implements TaskHandler {
  readonly interrupted: 'run-again' | 'fail';
  readonly daemon: boolean;
  readonly runs: ControlledRun[] = [];
  readonly #options: ControlledOptions;

  constructor(options: ControlledOptions = {}) {
    this.#options = options;
    this.interrupted = options.interrupted ?? 'fail';
    this.daemon = options.daemon ?? true;
  }

  locks(): readonly string[] {
    return this.#options.locks ?? [];
  }

  check(params: unknown): void {
    this.#options.check?.(params);
  }

  async run(context: TaskContext<unknown>): Promise<ToldReport> {
    const { promise, resolve, reject } = Promise.withResolvers<TaskReport>();
    this.runs.push({
      context,
      complete: (report = { outcome: 'changed' }) => {
        resolve(report);
      },
      fail: (error) => {
        reject(error);
      },
    });
    if (this.#options.heedsAbort !== false) {
      context.signal.addEventListener('abort', () => {
        reject(context.signal.reason as Error);
      });
    }
    // The engine takes reports without a message, too: those of a pledge that an earlier version made.
    return promise as Promise<ToldReport>;
  }

  /** The newest run. */
  get last(): ControlledRun {
    const run = this.runs.at(-1);
    if (run === undefined) throw new Error('the handler has not run yet');
    return run;
  }
}
