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
import { BusyError } from './busy-error.ts';
import { whenClosed } from './closing.ts';
import { Daemons } from './daemons.ts';
import type {
  Accepted,
  EngineApi,
  PendingReport,
  RecurringTask,
  ResultChange,
  ResultPage,
  Task,
} from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { type EngineObserver, harmless } from './engine-observer.ts';
import { Fence } from './fence.ts';
import { Firing } from './firing.ts';
import { Handlers } from './handlers.ts';
import { Journal } from './journal.ts';
import { LockTable } from './lock-table.ts';
import type { NodeTasks } from './node-tasks.ts';
import { OneShots } from './one-shots.ts';
import { Orphans } from './orphans.ts';
import { decodeCursor, encodeCursor, pageLimit } from './page-cursor.ts';
import { ProcessLife } from './process-life.ts';
import { Recovery } from './recovery.ts';
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
  /** Answers if the NodeTask of a task still exists. Without it, the engine takes each of them for existing. */
  readonly nodeTasks?: NodeTasks;
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
  readonly #orphans: Orphans | undefined;
  readonly #newID: () => string;
  readonly #keepResults: number;
  readonly #recovery: Recovery;

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
    this.#orphans = options.nodeTasks === undefined ? undefined : this.#orphansAmong(options.nodeTasks);
    this.#schedules = new Schedules(this.#core, (record) => this.#orphans?.mayFire(record) ?? true);
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
    // An engine that never starts leaves no trace in the journal.
    const crashed = !signal.aborted && this.#life.begin();
    this.#recovery = new Recovery({
      core: this.#core,
      crashed,
      kinds: { 'one-shot': this.#oneShots, schedule: this.#schedules, daemon: this.#daemons },
      orphans: this.#orphans,
      signal,
      onResumed: () => {
        this.#firing.begin();
      },
    });
    if (signal.aborted) return;
    const evict = (): void => {
      journal.evict(this.#keepResults, new Date(clock.now()));
    };
    evict();
    this.#recovery.start();
    journal.subscribe(({ result }) => {
      if (result?.status !== 'running') evict();
    });
  }

  submit(task: Task): string {
    return this.#accept(task, undefined).id;
  }

  submitScheduled(task: Task, schedule: Schedule): string {
    return this.#accept(task, { schedule }).id;
  }

  submitDaemon(task: Task, daemon: Daemon): string {
    return this.#accept(task, { daemon }).id;
  }

  submitRequest(request: SubmitRequest, trace?: string): Accepted {
    const { async, type, ...task } = request;
    // Whether there is such a type is judged with everything else.
    return this.#accept({ ...task, type: type as TaskType } as Task, async, trace);
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

  recurring(types: readonly TaskType[], limit: number): readonly RecurringTask[] {
    return this.#core.journal
      .living()
      .filter(({ kind, type }) => kind !== 'one-shot' && types.includes(type))
      .slice(0, limit)
      .map(({ id, kind, type, params, ref, result: { submittedAt } }) => ({
        id,
        kind: kind === 'daemon' ? kind : 'schedule',
        type,
        params: structuredClone(params),
        submittedAt,
        ...(ref === undefined ? {} : { ref }),
      }));
  }

  progress(): readonly { readonly type: string; readonly percent: number }[] {
    return this.#core.journal.living().flatMap(({ type, active, result: { progress } }) => {
      const percent = active ? progress?.percent : undefined;
      return percent === undefined ? [] : [{ type, percent }];
    });
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

  #accept(task: Task, async: Async | undefined, trace?: string): Accepted {
    this.#refuseWhileStopping();
    const submission = parseSubmission(task, async, this.#core.handlers, this.#newID, trace);
    const { journal } = this.#core;
    const { id } = submission;
    const accepted = { id, async: submission.async };
    const record = journal.get(id);
    const acceptance = acceptanceOf(submission, record, journal.isTombstoned(id));
    switch (acceptance.kind) {
      case 'known':
        this.#renewLimit(submission);
        // It was accepted, on a disk that is still there.
        this.#store.ping();
        return { ...accepted, known: record?.result.status };
      case 'rerun':
        this.#refuseBeforeUnresumed();
        this.#oneShots.rerun(acceptance.record, submission);
        return accepted;
      case 'new':
        this.#begin(submission);
        return accepted;
      default:
        return acceptance satisfies never;
    }
  }

  /** The one part of a repeated request that may be another: it counts from the next run on. */
  #renewLimit({ id, timeoutSeconds }: Submission): void {
    const { journal } = this.#core;
    const record = journal.livingTask(id);
    if (record === undefined || record.timeoutSeconds === timeoutSeconds) return;
    const { timeoutSeconds: _before, ...rest } = record;
    journal.commit(timeoutSeconds === undefined ? rest : { ...rest, timeoutSeconds });
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
      this.#refuseBeforeUnresumed();
      this.#oneShots.submit(submission);
    }
  }

  #orphansAmong(nodeTasks: NodeTasks): Orphans {
    const { journal, clock, logger } = this.#core;
    return new Orphans({
      nodeTasks,
      journal,
      clock,
      logger,
      remove: (id, told) => {
        this.removeResult(id);
        if (!told) journal.markReported(id, Number.POSITIVE_INFINITY);
      },
      catchUp: (id, shown) => {
        this.#schedules.catchUp(id, shown);
      },
      onAnswer: () => {
        this.#firing.soon();
      },
    });
  }

  /** In the tick of the abort: nothing new starts from here on. */
  async #stop(): Promise<void> {
    const stopped = this.#core.runner.stop(new TaskError('stopping', 'the agent is shutting down'));
    this.#life.end();
    this.#orphans?.stop();
    this.#firing.stop();
    this.#daemons.stop();
    await stopped;
  }

  #refuseBeforeUnresumed(): void {
    const { blocker } = this.#recovery;
    if (blocker !== undefined) throw new BusyError(blocker);
  }

  #refuseWhileStopping(): void {
    if (this.#core.runner.stopping) throw new TaskError('stopping', 'the agent is shutting down and takes no new work');
  }
}

const isUUID = (id: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(id);
