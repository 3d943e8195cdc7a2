import {
  type Async,
  type Clock,
  type Daemon,
  type EngineStatus,
  type Logger,
  type Schedule,
  type ScheduleUpdate,
  silentLogger,
  type SubmitRequest,
  TaskError,
  type TaskResult,
  type TaskType,
} from '@nodetask/shared';
import { systemClock } from '@nodetask/runtime';
import { acceptanceOf } from './acceptance.ts';
import type { BlockHeights } from './block-heights.ts';
import { whenClosed } from './closing.ts';
import { Daemons } from './daemons.ts';
import type { EngineApi, PendingReport, ResultChange, ResultPage, Task } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { type EngineObserver, harmless } from './engine-observer.ts';
import { Fence } from './fence.ts';
import { Firing } from './firing.ts';
import { Handlers } from './handlers.ts';
import { Journal } from './journal.ts';
import { LockTable } from './lock-table.ts';
import { OneShots } from './one-shots.ts';
import { decodeCursor, encodeCursor, pageLimit } from './page-cursor.ts';
import { ProcessLife } from './process-life.ts';
import { removeTask } from './removal.ts';
import { Runner } from './runner.ts';
import { Schedules } from './schedules.ts';
import type { Store } from './store.ts';
import { canonicalID, parseSubmission, type Submission } from './submission.ts';
import type { TaskHandlers } from './task-handler.ts';
import { resultOf } from './task-result-view.ts';

export interface EngineOptions {
  /** What each task type does; a type without a handler is unknown. */
  readonly handlers: TaskHandlers;
  /** Where tasks are journalled. The engine does not close it; close it after `closed`. */
  readonly store: Store;
  /**
   * Names the pod and the start of its machine. Two crashes of the process in one place end what ran in both; an end in another place counts
   * as none. Default: always the same place.
   */
  readonly place?: string;
  /** Ends the engine: nothing new starts, what runs is aborted and journalled for the next start. */
  readonly signal: AbortSignal;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
  /** Default: logs nothing. */
  readonly logger?: Logger;
  /** The node's chain. Without it, schedules by block height are refused. */
  readonly heights?: BlockHeights;
  /** What metrics are made of. */
  readonly observer?: EngineObserver;
  /** Finished one-shots whose results are kept. Default: 1000. */
  readonly keepResults?: number;
  /** How long `closed` waits for handlers that do not end, in milliseconds. Default: 20,000. */
  readonly stopGraceMs?: number;
  /** Makes the ids of tasks that come without one. Default: random UUIDs. */
  readonly newID?: () => string;
}

/**
 * Runs tasks on a node: one-shots one at a time, schedules by cron or block height, daemons. Starts at once, with what the journal
 * says was under way, and runs until `signal` aborts. Every method is synchronous: what it answers is journalled.
 */
export class Engine implements EngineApi {
  /** Resolves when everything has stopped after `signal` aborted, or the grace time is over. Never rejects. */
  readonly closed: Promise<void>;

  readonly #store: Store;
  readonly #core: EngineCore;
  readonly #oneShots: OneShots;
  readonly #schedules: Schedules;
  readonly #daemons: Daemons;
  readonly #firing: Firing;
  readonly #fence: Fence;
  readonly #life: ProcessLife;
  readonly #newID: () => string;
  readonly #keepResults: number;

  constructor(options: EngineOptions) {
    const { store, signal, clock = systemClock, logger = silentLogger } = options;
    const observer = harmless(options.observer ?? {}, logger);
    const journal = new Journal(store, logger);
    const locks = new LockTable(() => {
      this.#firing.soon();
    });
    const runner = new Runner({ journal, locks, clock, logger, observer });
    this.#core = { handlers: new Handlers(options.handlers), journal, runner, clock, logger, observer };
    this.#store = store;
    this.#fence = new Fence(store, logger);
    this.#life = new ProcessLife(store, options.place ?? '', logger);
    this.#newID = options.newID ?? (() => crypto.randomUUID());
    this.#keepResults = options.keepResults ?? 1000;
    this.#oneShots = new OneShots(this.#core);
    this.#schedules = new Schedules(this.#core);
    this.#daemons = new Daemons(this.#core);
    this.#firing = new Firing(this.#core, this.#schedules, options.heights);
    const graceMs = options.stopGraceMs ?? 20_000;
    this.closed = whenClosed({
      signal,
      clock,
      graceMs,
      stop: async () => this.#stop(),
      onOverrun: () => {
        logger.error('tasks did not stop in the grace time', { graceMs, tasks: runner.active() });
      },
    });
    if (!signal.aborted) this.#recover();
  }

  submit(task: Task): string {
    return this.#accept(task, undefined);
  }

  submitScheduled(task: Task, schedule: Schedule): string {
    return this.#accept(task, { schedule });
  }

  submitDaemon(task: Task, daemon: Daemon): string {
    return this.#accept(task, { daemon });
  }

  submitRequest(request: SubmitRequest, trace?: string): { readonly id: string; readonly async: Async | undefined } {
    const { async, type, ...task } = request;
    // Whether there is such a type is judged with everything else.
    return { id: this.#accept({ ...task, type: type as TaskType } as Task, async, trace), async };
  }

  updateSchedule(id: string, update: ScheduleUpdate): TaskResult {
    this.#refuseWhileStopping();
    const record = this.#schedules.update(canonicalID(id), update);
    this.#firing.soon();
    return resultOf(record);
  }

  evalSchedules(now?: Date): void {
    this.#firing.evaluate(now?.getTime() ?? this.#core.clock.now());
  }

  getResult(id: string): TaskResult | undefined {
    const record = this.#core.journal.get(canonicalID(id));
    return record === undefined ? undefined : resultOf(record);
  }

  recentResults(page: { readonly limit?: number; readonly cursor?: string } = {}): ResultPage {
    const before = page.cursor === undefined ? undefined : decodeCursor(page.cursor);
    const { records, next } = this.#core.journal.list(pageLimit(page.limit), before);
    return { results: records.map(resultOf), ...(next === undefined ? {} : { next: encodeCursor(next) }) };
  }

  removeResult(id: string): boolean {
    const canonical = canonicalID(id);
    if (!isUUID(canonical)) return false;
    const existed = removeTask(this.#core, canonical);
    this.#daemons.forget(canonical);
    this.#firing.soon();
    return existed;
  }

  async stopped(id: string): Promise<void> {
    await this.#core.runner.get(canonicalID(id))?.settled;
  }

  isTombstoned(id: string): boolean {
    return this.#core.journal.isTombstoned(canonicalID(id));
  }

  status(): EngineStatus {
    const { journal } = this.#core;
    if (journal.living().some(({ kind, active }) => kind === 'one-shot' && active)) return { status: 'Running' };
    return { status: journal.ready ? 'Ready' : 'Initializing' };
  }

  healthz(): boolean {
    return this.#core.journal.ready;
  }

  subscribe(listener: (change: ResultChange) => void): () => void {
    return this.#core.journal.subscribe(listener);
  }

  unreported(limit: number): readonly PendingReport[] {
    return this.#core.journal.pendingReports(limit);
  }

  markReported(id: string, revision: number): void {
    this.#core.journal.markReported(canonicalID(id), revision);
  }

  checkFence(fence: number): void {
    this.#fence.check(fence, this.#core.clock.now());
  }

  get journalID(): string {
    return this.#store.journalID;
  }

  ping(): void {
    this.#store.ping();
  }

  #accept(task: Task, async: Async | undefined, trace?: string): string {
    this.#refuseWhileStopping();
    const submission = parseSubmission(task, async, this.#core.handlers, this.#newID, trace);
    const { journal } = this.#core;
    const { id } = submission;
    const acceptance = acceptanceOf(submission, journal.get(id), journal.isTombstoned(id));
    switch (acceptance.kind) {
      case 'known':
        // It was accepted, on a disk that is still there.
        this.#store.ping();
        return id;
      case 'rerun':
        this.#oneShots.rerun(acceptance.record, submission);
        return id;
      case 'new':
        this.#begin(submission);
        return id;
      default:
        return acceptance satisfies never;
    }
  }

  #begin(submission: Submission): void {
    const { async } = submission;
    if (async?.schedule !== undefined) {
      if (async.schedule.blockHeight !== undefined && !this.#firing.knowsHeights) {
        throw new TaskError('invalid-schedule', 'blockHeight: this agent watches no chain; use cron');
      }
      this.#schedules.submit(submission);
      this.#firing.soon();
    } else if (async?.daemon !== undefined) {
      this.#daemons.submit(submission);
    } else {
      this.#oneShots.submit(submission);
    }
  }

  #recover(): void {
    const { journal, clock, logger } = this.#core;
    const crashed = this.#life.begin();
    journal.evict(this.#keepResults, new Date(clock.now()));
    const living = journal.living();
    const suspects = living.filter(({ kind, active }) => kind !== 'daemon' && active);
    if (crashed) {
      const tasks = living.filter(({ active }) => active).map(({ id }) => id);
      logger.warn('the agent crashed or was killed; what ran then runs again, and fails where it ran in two crashes', {
        tasks: tasks.slice(0, 32),
      });
    }
    for (const record of living) {
      switch (record.kind) {
        case 'one-shot':
          this.#oneShots.recover(record, crashed);
          break;
        case 'schedule':
          this.#schedules.recover(record, crashed);
          break;
        case 'daemon':
          // What ends with its work is judged first: a daemon that only ran beside it would never be started again.
          this.#daemons.recover(record, crashed && suspects.length === 0);
          break;
        default:
          record.kind satisfies never;
      }
    }
    journal.subscribe(({ result }) => {
      if (result?.status !== 'running') journal.evict(this.#keepResults, new Date(clock.now()));
    });
    this.#firing.soon();
  }

  /** In the tick of the abort: nothing new starts from here on. */
  async #stop(): Promise<void> {
    const stopped = this.#core.runner.stop(new TaskError('stopping', 'the agent is shutting down'));
    this.#life.end();
    this.#firing.stop();
    this.#daemons.stop();
    await stopped;
  }

  #refuseWhileStopping(): void {
    if (this.#core.runner.stopping) throw new TaskError('stopping', 'the agent is shutting down and takes no new work');
  }
}

const isUUID = (id: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(id);
