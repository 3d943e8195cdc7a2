import type { Tracer } from '@nodetask/runtime';
import type { Clock, Logger, TaskRef } from '@nodetask/shared';
import type { EngineApi, PendingReport } from '../engine/engine-api.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import type { StatusTransport } from './api-server.ts';
import { progressDue } from './coalesce.ts';
import { Delivery } from './delivery.ts';
import { EarliestAlarm } from './earliest-alarm.ts';
import { NewestTasks, rowKey } from './newest.ts';
import { aboutReport } from './report-log.ts';
import { ServerPause } from './server-pause.ts';
import { WaitingRows } from './waiting-rows.ts';

export interface ReporterOptions {
  readonly engine: Pick<EngineApi, 'unreported' | 'markReported' | 'removeResult' | 'subscribe'>;
  readonly transport: StatusTransport;
  readonly podName: string;
  /** Absent where it is not known. */
  readonly podUID?: string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<AgentMetrics, 'reports' | 'reportDuration'>;
  /** Told of each NodeTask that has taken a report. */
  readonly seen?: ((ref: TaskRef) => void) | undefined;
  /** Default: nothing is traced. */
  readonly tracer?: Tracer;
}

/** Reports on their way at the same time; each is of another NodeTask. */
const maxInFlight = 4;
/** Reports looked at beyond those that are known to wait. */
const windowSize = 32;
const maxWindow = 2000;
/** Until the journal is read again after it could not be. */
const unreadableJournalMs = 5000;

/**
 * Most tasks are over within this time: then their start need not be written, and their end does not wait for the answer to it.
 */
const startHoldMs = 20;

/**
 * Brings results to the status of their NodeTasks: decides which report is due, and when; Delivery sends it. The engine's journal is the
 * outbox: what is not marked there is sent, now or after any outage or restart, so this class holds nothing that may not be lost. The end of
 * a task goes out at once; progress is coalesced. A NodeTask that cannot be written holds up no other; an API server that does not answer is
 * probed with one report at a time.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #newest = new NewestTasks();
  readonly #server: ServerPause;
  readonly #waiting: WaitingRows;
  readonly #alarm: EarliestAlarm;
  readonly #delivery: Delivery;
  /** By row, see rowKey. */
  readonly #inFlight = new Map<string, Promise<void>>();
  #unsubscribe: () => void = () => undefined;
  #held = 0;
  #pumping = false;
  #flushing = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#server = new ServerPause(options);
    this.#waiting = new WaitingRows(options.clock, options.random);
    this.#alarm = new EarliestAlarm(options.clock, () => {
      this.#wakeFlushers();
      this.#pump();
    });
    this.#delivery = new Delivery({ ...options, server: this.#server, waiting: this.#waiting });
  }

  /** Sends what is pending, and from now on what changes. */
  start(): void {
    this.#unsubscribe = this.#options.engine.subscribe(() => {
      this.#pumpSoon();
    });
    this.#pumpSoon();
  }

  /** How many tasks are unreported, at most 1000. */
  get queueDepth(): number {
    return this.#options.engine.unreported(1000).length;
  }

  /**
   * Sends everything that is pending, progress included, until nothing is left or the signal aborts. True where nothing is left.
   * What is left stays in the journal.
   */
  async flush(signal: AbortSignal): Promise<boolean> {
    this.#flushing = true;
    const onAbort = (): void => {
      this.#wakeFlushers();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#inFlight.size === 0 && this.#options.engine.unreported(1).length === 0) return true;
        const changed = new Promise<void>((resolve) => this.#idle.push(resolve));
        this.#pump();
        await changed;
      }
      return false;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#flushing = false;
    }
  }

  /** Ends everything; requests on their way are aborted. */
  async stop(reason: Error): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#alarm.stop();
    this.#delivery.abort(reason);
    await Promise.all(this.#inFlight.values());
  }

  /** After the engine has finished its own step: listeners are called from inside of it. */
  #pumpSoon(): void {
    if (this.#pumping || this.#stopped) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#stopped) return;
    const now = this.#options.clock.monotonic();
    if (now < this.#server.until) {
      this.#alarm.at(this.#server.until);
      return;
    }
    const most = this.#server.away ? 1 : maxInFlight;
    if (this.#inFlight.size >= most) return;
    const reports = this.#pending();
    if (reports === undefined) return;
    const heldBefore = this.#held;
    this.#held = 0;
    for (const report of reports) {
      if (this.#inFlight.has(rowKey(report))) continue;
      const due = this.#due(report, now);
      if (due === 'now') {
        if (this.#inFlight.size < most) this.#launch(report);
        continue;
      }
      this.#held++;
      if (due !== 'never') this.#alarm.at(due.until);
    }
    // Those that wait may have filled the window: look beyond them.
    if (this.#held > heldBefore && this.#held >= windowSize) this.#pumpSoon();
  }

  /** The reports that count; undefined where the journal cannot be read. */
  #pending(): readonly PendingReport[] | undefined {
    const { engine, logger, clock } = this.#options;
    const limit = Math.min(maxWindow, windowSize + this.#waiting.size + this.#held + this.#inFlight.size);
    try {
      const { newest, superseded } = this.#newest.sort(engine.unreported(limit));
      for (const { id, revision } of superseded) engine.markReported(id, revision);
      return newest;
    } catch (error) {
      logger.error('the journal cannot be read for reports', { error });
      this.#alarm.at(clock.monotonic() + unreadableJournalMs);
      return undefined;
    }
  }

  #due(report: PendingReport, now: number): 'now' | 'never' | { readonly until: number } {
    const waiting = this.#waiting.get(rowKey(report));
    if (waiting !== undefined && now < waiting.until) return { until: waiting.until };
    if (this.#flushing) return 'now';
    if (report.urgent) return this.#urgentDue(report, now);
    return progressDue(report.result.progress, this.#delivery.lastSent(report), now);
  }

  /** The end at once; a start so young that the end may overtake it, a moment later. */
  #urgentDue({ result }: PendingReport, now: number): 'now' | { readonly until: number } {
    const age = this.#options.clock.now() - Date.parse(result.submittedAt);
    return result.status === 'running' && age >= 0 && age < startHoldMs ? { until: now + startHoldMs - age } : 'now';
  }

  #launch(report: PendingReport): void {
    const key = rowKey(report);
    const sending = this.#delivery
      .deliver(report)
      .catch((error: unknown) => {
        this.#options.logger.error('a report could not be finished', { ...aboutReport(report), error });
        this.#waiting.retryLater(rowKey(report), 'fitting');
      })
      .finally(() => {
        this.#inFlight.delete(key);
        this.#wakeFlushers();
        this.#pumpSoon();
      });
    this.#inFlight.set(key, sending);
  }

  #wakeFlushers(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const wake of idle) wake();
  }
}
