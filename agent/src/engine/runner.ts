import { type Clock, type Logger, sleep, TaskError } from '@nodetask/shared';
import { BusyError } from './busy-error.ts';
import type { EngineObserver } from './engine-observer.ts';
import type { Journal } from './journal.ts';
import type { LockHolder, LockTable } from './lock-table.ts';
import type { RunEnd } from './record-changes.ts';
import { Run } from './run.ts';
import type { TaskRecord } from './store.ts';
import type { LockName, TaskHandler } from './task-handler.ts';

/** Pauses between attempts to write the end of a run to a store that fails. */
const commitRetryMs = { first: 1000, most: 30_000 } as const;

/** A run that is to start. */
export interface Launch {
  /** The record with the run started, not yet committed. */
  readonly record: TaskRecord;
  readonly handler: TaskHandler;
  /** The run is not made again: if what it pledged did not take effect, this is how it ended. */
  readonly otherwise?: TaskError;
  /** Held from start to end. */
  readonly locks: readonly LockName[];
  /** The record with the run ended; `at` in RFC 3339. Pure. */
  readonly conclude: (record: TaskRecord, end: Ended, at: string) => TaskRecord;
  /** After the end has been committed, the locks are free and listeners know. */
  readonly afterwards?: (record: TaskRecord) => void;
}

/** The ends that are journalled. */
export type Ended = Exclude<RunEnd, { readonly kind: 'interrupted' }>;

export interface RunnerOptions {
  readonly journal: Journal;
  readonly locks: LockTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Required<EngineObserver>;
}

/**
 * Starts runs and sees them to their end. A start is: see that the locks are free, commit, take them, go. An end is: commit, give the locks back and tell,
 * all in one tick, so that who sees a task finished finds its locks free.
 */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #runs = new Map<string, Run>();
  readonly #stopping = new AbortController();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get stopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** The active run of a task, also of one that has been removed and is still stopping. */
  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  /**
   * @throws BusyError where a lock is held; TaskError `stopping`; TaskError `store-unavailable`. Nothing has started then.
   */
  launch(launch: Launch): void {
    if (this.stopping) throw new TaskError('stopping', 'the agent is shutting down and starts nothing new');
    const { journal, locks, clock, logger } = this.#options;
    const { record, handler } = launch;
    const { id, type, ref } = record;
    const holder: LockHolder = { id, type, ...(ref === undefined ? {} : { ref }) };
    // Nothing comes between these three: a start that cannot be journalled takes no lock that it would have to give back.
    const blocker = locks.blocker(launch.locks);
    if (blocker !== undefined) throw new BusyError(blocker);
    journal.commit(record);
    const release = locks.acquire(launch.locks, holder);
    const run = new Run({
      record,
      handler,
      holder,
      locks,
      clock,
      logger,
      otherwise: launch.otherwise,
      onPledge: (pledge) => {
        const current = journal.get(id);
        if (current === undefined || run.removed.aborted) throw new TaskError('cancelled', 'was removed while it ran');
        journal.commit({ ...current, pledge });
      },
      onProgress: (progress) => {
        if (this.#runs.get(id) !== run || run.removed.aborted) return;
        journal.progressed(id, progress);
        journal.announce(id);
      },
    });
    this.#runs.set(id, run);
    run.logger.info('run started');
    this.#follow(run, launch, release).catch((error: unknown) => {
      run.logger.error('a fault of the engine itself at the end of a run', { error });
    });
    journal.announce(id);
  }

  /** Aborts everything that runs; resolves when it has ended. */
  async stop(reason: TaskError): Promise<void> {
    this.#stopping.abort(reason);
    const runs = [...this.#runs.values()];
    for (const run of runs) run.stop(reason);
    await Promise.all(runs.map(async ({ settled }) => settled));
  }

  /** Tasks whose run has not ended. */
  active(): readonly string[] {
    return [...this.#runs.keys()];
  }

  async #follow(run: Run, launch: Launch, release: () => void): Promise<void> {
    const { clock, journal } = this.#options;
    const started = clock.monotonic();
    const end = await run.execute();
    const durationMs = clock.monotonic() - started;
    let commit = this.#commit(run, launch, end);
    let pause: number = commitRetryMs.first;
    while (commit === 'failed' && (await this.#pause(run, pause))) {
      commit = this.#commit(run, launch, end);
      pause = Math.min(pause * 2, commitRetryMs.most);
    }
    // From the commit to here nothing has waited, not even for a promise that is settled: who sees the end finds the locks free.
    this.#runs.delete(run.id);
    release();
    run.settle();
    this.#observe(run, launch, end, durationMs);
    if (typeof commit === 'string') return;
    journal.announce(run.id);
    launch.afterwards?.(commit);
  }

  /** Writes the end. `dropped`: the engine stops and the record stays active, or the task was removed. */
  #commit(run: Run, launch: Launch, end: RunEnd): TaskRecord | 'dropped' | 'failed' {
    const { journal, clock } = this.#options;
    if (end.kind === 'interrupted' || run.removed.aborted) return 'dropped';
    try {
      const record = journal.get(run.id);
      if (record === undefined) return 'dropped';
      const ended = launch.conclude(record, end, new Date(clock.now()).toISOString());
      const ready = end.kind === 'completed' && ended.type === 'mark-ready';
      journal.commit(ended, { ready });
      return ended;
    } catch (error) {
      run.logger.error('the end of a run cannot be journalled; its task stays running until it can', { error });
      return 'failed';
    }
  }

  /** Waits to write again. False: the engine stops, and the next start finds the record active; or the task was removed. */
  async #pause(run: Run, delayMs: number): Promise<boolean> {
    const ended = AbortSignal.any([this.#stopping.signal, run.removed]);
    try {
      await sleep(this.#options.clock, delayMs, ended);
      return true;
    } catch (error) {
      if (ended.aborted) return false;
      throw error;
    }
  }

  #observe(run: Run, { record }: Launch, end: RunEnd, durationMs: number): void {
    const { id, type, kind } = record;
    const errorCode = end.kind === 'failed' ? { errorCode: end.failure.code } : {};
    const status = run.removed.aborted ? 'removed' : end.kind;
    this.#options.observer.runEnded({ id, type, kind, status, durationMs, ...errorCode });
    run.logger.info(`run ${status}`, { durationMs: Math.round(durationMs), ...errorCode });
  }
}
