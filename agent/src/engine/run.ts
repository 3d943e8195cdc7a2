import {
  abortReason,
  type Clock,
  type JsonObject,
  type Logger,
  maxMessageCharacters,
  maxOutputBytes,
  maxWarningCharacters,
  maxWarnings,
  outcomes,
  type Progress,
  TaskError,
} from '@nodetask/shared';
import { Activity } from './activity.ts';
import { jsonCopy } from './canonical-json.ts';
import { failureOf } from './failure.ts';
import { fitOutput } from './fit-output.ts';
import type { LockHolder, LockTable } from './lock-table.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { RunEnd } from './record-changes.ts';
import { type Stall, stalledBy, stallOf } from './stall.ts';
import type { TaskRecord } from './store.ts';
import { taskFields } from './task-fields.ts';
import type { LockName, Pledge, ProgressUpdate, TaskContext, TaskHandler, TaskReport } from './task-handler.ts';
import { Throttle } from './throttle.ts';
import { timedOut, timedOutBefore } from './time-out.ts';

/** A handler that has not ended so long after its signal aborted is complained about. */
const abortWarningMs = 10_000;

/** For seeing whether what an interrupted run pledged took effect: a store may have to be asked, a file of gigabytes to be hashed. */
const finishMs = 120_000;

/** At most so often is progress shown, but for a new stage and the end. */
const progressIntervalMs = 500;

export interface RunOptions {
  readonly record: TaskRecord;
  readonly handler: TaskHandler;
  readonly holder: LockHolder;
  readonly locks: LockTable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onProgress: (progress: Progress) => void;
  /** Journals it, or throws. */
  readonly onPledge: (pledge: Pledge) => void;
  /** The run is not made again: if what it pledged did not take effect, this is how it ended. */
  readonly otherwise?: TaskError | undefined;
}

/** One run of a handler: its signal, its time limit, its progress, and how it ended. Knows nothing of the journal. */
export class Run {
  readonly id: string;
  /** Resolves when the run is over and everything about it is settled; never rejects. */
  readonly settled: Promise<void>;
  readonly settle: () => void;
  /** Names the run in each of its lines: those of the engine, of the handler and of what the handler calls. */
  readonly logger: Logger;
  readonly #options: RunOptions;
  readonly #controller = new AbortController();
  readonly #finishing = new AbortController();
  readonly #removal = new AbortController();
  readonly #meter = new ProgressMeter();
  readonly #progress: Throttle<Progress>;
  readonly #activity: Activity;
  #cancelTimers: (() => void)[] = [];
  /** Of a daemon, over its restarts. */
  #stall: Stall | undefined;
  #over = false;

  constructor(options: RunOptions) {
    this.#options = options;
    this.id = options.record.id;
    this.logger = options.logger.child({ ...taskFields(options.record), run: options.record.result.run });
    this.#progress = new Throttle(options.clock, progressIntervalMs, options.onProgress);
    this.#stall = stallOf(options.record.result.progress);
    this.#activity = new Activity(options.clock, ({ what, seconds }) => {
      const at = new Date(options.clock.now()).toISOString();
      this.#show({
        stage: `wait for ${what}`.slice(0, 64).toWellFormed(),
        done: seconds,
        unit: 's',
        at,
        ...this.#stall,
      });
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.settle = resolve;
  }

  /** Aborts the run's signal. The first reason stays. */
  stop(reason: TaskError): void {
    if (reason.code !== 'timed-out') this.#finishing.abort(reason);
    if (this.#over || this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    this.#timer(abortWarningMs, () => {
      this.logger.warn('the task handler does not end although its signal has aborted', { reason: reason.message });
    });
  }

  /** The task was removed: how the run ends is not journalled any more. */
  remove(): void {
    this.#removal.abort();
  }

  /** Aborts when the task is removed. */
  get removed(): AbortSignal {
    return this.#removal.signal;
  }

  /** Runs the handler. Never rejects: whatever happens is an end. */
  async execute(): Promise<RunEnd> {
    // Not in the tick of the caller: submit answers before the work begins.
    await Promise.resolve();
    this.#limitTime();
    try {
      const { handler, record, otherwise } = this.#options;
      const finished = await this.#finish();
      if (finished !== undefined) return { kind: 'completed', report: checked(finished) };
      if (isStopping(this.#finishing.signal.reason)) return { kind: 'interrupted' };
      if (this.#controller.signal.aborted) throw abortReason(this.#controller.signal);
      if (otherwise !== undefined) throw otherwise;
      const report = await this.#activity.during(async () => handler.run(this.#context(record)));
      return { kind: 'completed', report: checked(report) };
    } catch (error) {
      return this.#endOf(error);
    } finally {
      this.#over = true;
      this.#progress.stop();
      this.#activity.end();
      for (const cancel of this.#cancelTimers) cancel();
      this.#cancelTimers = [];
    }
  }

  /** If an interrupted run had done what it pledged, it ends as pledged, whatever its time limit says. */
  async #finish(): Promise<TaskReport | undefined> {
    const { record, handler } = this.#options;
    const { pledge } = record;
    if (pledge === undefined || handler.finish === undefined) return undefined;
    const cancelTimer = this.#options.clock.setTimer(finishMs, () => {
      this.#finishing.abort(new TaskError('timed-out', `it did not show within ${finishMs / 1000} s what was done`));
    });
    try {
      return await handler.finish({ ...this.#context(record), signal: this.#finishing.signal }, pledge);
    } catch (error) {
      this.logger.warn('it does not show whether an interrupted run had done its work; it is made again', { error });
      return undefined;
    } finally {
      cancelTimer();
    }
  }

  #context(record: TaskRecord): TaskContext<JsonObject> {
    const { locks, holder } = this.#options;
    return {
      id: record.id,
      kind: record.kind,
      params: structuredClone(record.params),
      run: record.result.run,
      submittedAt: record.result.submittedAt,
      ...(record.resumed === true ? { resumed: true as const } : {}),
      ...(record.trace === undefined ? {} : { trace: record.trace }),
      signal: this.#controller.signal,
      logger: this.logger,
      progress: (update) => {
        this.#report(update);
      },
      advanced: () => {
        this.#stall = undefined;
      },
      pledge: ({ report, proof }) => {
        if (this.#controller.signal.aborted) throw abortReason(this.#controller.signal);
        this.#options.onPledge({ report: checked(report), proof: jsonCopy(proof) });
      },
      ...(record.pledge === undefined ? {} : { pledged: structuredClone(record.pledge) }),
      withLocks: async <T>(names: readonly LockName[], work: () => Promise<T>): Promise<T> => {
        const release = locks.acquire(names, holder);
        try {
          return await work();
        } finally {
          release();
        }
      },
    };
  }

  /** A one-shot's time runs from its acceptance, across restarts; others' from the start of the run. */
  #limitTime(): void {
    const { record, clock } = this.#options;
    const { timeoutSeconds } = record;
    if (timeoutSeconds === undefined) return;
    const from =
      record.kind === 'one-shot' ? record.result.submittedAt : (record.runStartedAt ?? record.result.submittedAt);
    const left = Date.parse(from) + timeoutSeconds * 1000 - clock.now();
    if (left <= 0) this.stop(timedOutBefore(timeoutSeconds));
    else {
      this.#timer(left, () => {
        this.stop(timedOut(timeoutSeconds, this.#activity.now));
      });
    }
  }

  #report(update: ProgressUpdate): void {
    if (this.#over) return;
    const { clock } = this.#options;
    const measured = this.#meter.update(update, clock.monotonic(), clock.now());
    if (update.failure !== undefined) {
      this.#stall = stalledBy(this.#stall, failureOf(update.failure), measured.at);
    }
    const progress: Progress = { ...measured, ...this.#stall };
    this.#activity.told(progress);
    this.#show(progress);
  }

  #show(progress: Progress): void {
    this.#progress.push(progress, (previous) => previous?.stage !== progress.stage || progress.done === progress.total);
  }

  /** What was thrown is the abort's doing where the signal has aborted: the first cause wins. */
  #endOf(error: unknown): RunEnd {
    const { signal } = this.#controller;
    const reason: unknown = signal.aborted ? signal.reason : undefined;
    if (!(reason instanceof TaskError)) {
      this.logger.warn('the run failed', { error });
      return { kind: 'failed', failure: failureOf(error) };
    }
    if (isStopping(reason)) return { kind: 'interrupted' };
    const { output } = failureOf(error);
    return { kind: 'failed', failure: { ...failureOf(reason), ...(output === undefined ? {} : { output }) } };
  }

  #timer(delayMs: number, callback: () => void): void {
    this.#cancelTimers.push(this.#options.clock.setTimer(delayMs, callback));
  }
}

/** The run goes on with the next start of the agent. */
const isStopping = (reason: unknown): boolean => reason instanceof TaskError && reason.code === 'stopping';

/** What a handler returns is not taken on trust: its output must be JSON and its outcome one of the three. */
const checked = (report: TaskReport): TaskReport => {
  const outcome = outcomes.find((known) => known === (report as TaskReport | null | undefined)?.outcome);
  if (outcome === undefined) {
    throw new TypeError(`the handler returned no outcome of ${outcomes.join(', ')}; the work may be done`);
  }
  const warnings = (report.warnings ?? [])
    .slice(0, maxWarnings)
    .map((warning) => warning.slice(0, maxWarningCharacters).toWellFormed());
  return {
    outcome,
    ...(report.reason === undefined ? {} : { reason: report.reason }),
    ...(report.message === undefined ? {} : { message: report.message.slice(0, maxMessageCharacters).toWellFormed() }),
    ...(report.numbers === undefined ? {} : { numbers: report.numbers }),
    ...(report.output === undefined ? {} : { output: fitOutput(jsonCopy(report.output), maxOutputBytes) }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
};
