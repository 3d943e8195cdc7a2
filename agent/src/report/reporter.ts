import type { Clock, Logger } from '@nodetask/shared';
import type { EngineApi, PendingReport } from '../engine/engine-api.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import type { ApiAnswer, StatusTransport } from './api-server.ts';
import { progressDue, type Sent } from './coalesce.ts';
import { dropOldest, maxKept } from './drop-oldest.ts';
import { EarliestAlarm } from './earliest-alarm.ts';
import { judgeAnswer, type Verdict } from './judge-answer.ts';
import { isStillWanted } from './leftover.ts';
import { NewestTasks, rowKey } from './newest.ts';
import { aboutReport, hint } from './report-log.ts';
import { ServerPause } from './server-pause.ts';
import { objectPath, statusPatch, withdrawal } from './status-patch.ts';
import { WaitingRows } from './waiting-rows.ts';

export interface ReporterOptions {
  readonly engine: Pick<EngineApi, 'unreported' | 'markReported' | 'subscribe'>;
  readonly transport: StatusTransport;
  readonly podName: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<AgentMetrics, 'reports' | 'reportDuration'>;
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
 * Brings results to the status of their NodeTasks. The engine's journal is the outbox: what is not marked there is sent, now or
 * after any outage or restart, so this class holds nothing that may not be lost. The end of a task goes out at once; progress is
 * coalesced. A NodeTask that cannot be written holds up no other; an API server that does not answer is probed with one report
 * at a time.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #newest = new NewestTasks();
  readonly #server: ServerPause;
  readonly #waiting: WaitingRows;
  readonly #alarm: EarliestAlarm;
  /** This and the next two: by row, see rowKey. */
  readonly #inFlight = new Map<string, Promise<void>>();
  readonly #sent = new Map<string, Sent>();
  readonly #checked = new Set<string>();
  readonly #abort = new AbortController();
  #unsubscribe: () => void = () => undefined;
  #startedAt = 0;
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
  }

  /** Sends what is pending, and from now on what changes. */
  start(): void {
    this.#startedAt = this.#options.clock.now();
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
    this.#abort.abort(reason);
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
    return progressDue(report.result.progress, this.#sent.get(rowKey(report)), now);
  }

  /** The end at once; a start so young that the end may overtake it, a moment later. */
  #urgentDue({ result }: PendingReport, now: number): 'now' | { readonly until: number } {
    const age = this.#options.clock.now() - Date.parse(result.submittedAt);
    return result.status === 'running' && age >= 0 && age < startHoldMs ? { until: now + startHoldMs - age } : 'now';
  }

  #launch(report: PendingReport): void {
    const key = rowKey(report);
    const sending = this.#send(report)
      .catch((error: unknown) => {
        // Only the journal and faults of the agent itself come here; the report stays pending.
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

  async #send(report: PendingReport): Promise<void> {
    const { transport, clock, podName } = this.#options;
    if (this.#isLeftover(report) && !(await this.#check(report))) return;
    const size = this.#waiting.get(rowKey(report))?.size ?? 'fitting';
    const sentAt = clock.monotonic();
    const answer = await this.#ask((signal) => transport.patch(statusPatch(report, podName, size), signal));
    if (answer === undefined) return;
    const verdict = judgeAnswer(answer, size);
    if (verdict.kind !== 'accepted') {
      this.#settle(report, size, verdict, answer);
    } else if (answer.uid === undefined || answer.uid === report.ref.uid) {
      this.#options.metrics.reports.inc({ result: 'accepted' });
      this.#remember(report, sentAt);
      this.#taken(report);
    } else {
      await this.#withdraw(report);
    }
  }

  /** Submitted before this start: what became of its NodeTask since then must be looked up once. */
  #isLeftover(report: PendingReport): boolean {
    return Date.parse(report.result.submittedAt) < this.#startedAt && !this.#checked.has(rowKey(report));
  }

  /** True where the report may be sent now. */
  async #check(report: PendingReport): Promise<boolean> {
    const { transport, podName } = this.#options;
    const answer = await this.#ask((signal) => transport.read(objectPath(report.ref), signal));
    if (answer === undefined) return false;
    const verdict = judgeAnswer(answer, 'least');
    if (verdict.kind !== 'accepted') {
      this.#settle(report, 'fitting', verdict, answer);
      return false;
    }
    if (!isStillWanted(report, answer.object, podName)) {
      this.#settle(report, 'fitting', { kind: 'gone' }, answer);
      return false;
    }
    this.#checked.add(rowKey(report));
    if (this.#checked.size > maxKept) this.#checked.clear();
    return true;
  }

  /** Another object of the same name got the row: it does no harm, because results count by id, but it is not its. */
  async #withdraw(report: PendingReport): Promise<void> {
    const { transport, podName } = this.#options;
    const answer = await this.#ask((signal) => transport.patch(withdrawal(report.ref, podName), signal));
    if (answer === undefined) return;
    const verdict = judgeAnswer(answer, 'least');
    this.#settle(report, 'fitting', verdict.kind === 'accepted' ? { kind: 'gone' } : verdict, answer);
  }

  /** One request; undefined where the API server did not answer, which has been dealt with. */
  async #ask(request: (signal: AbortSignal) => Promise<ApiAnswer>): Promise<ApiAnswer | undefined> {
    const { clock, metrics } = this.#options;
    const started = clock.monotonic();
    try {
      const answer = await request(this.#abort.signal);
      metrics.reportDuration.observe((clock.monotonic() - started) / 1000);
      return answer;
    } catch (error) {
      if (this.#stopped) return undefined;
      metrics.reports.inc({ result: 'unreachable' });
      this.#server.failed(error);
      return undefined;
    }
  }

  #settle(
    report: PendingReport,
    size: 'fitting' | 'least',
    verdict: Exclude<Verdict, { readonly kind: 'accepted' }>,
    { status, reason, message, uid }: ApiAnswer,
  ): void {
    const { logger, metrics } = this.#options;
    const about = { ...aboutReport(report), answer: { status, reason, message, uid } };
    if (verdict.kind !== 'pause') this.#server.answered();
    switch (verdict.kind) {
      case 'gone':
        metrics.reports.inc({ result: 'gone' });
        logger.info('the NodeTask of a result is gone or shows a later task: the result is not reported', about);
        this.#taken(report);
        return;
      case 'shrink':
        metrics.reports.inc({ result: 'refused' });
        logger.warn('the API server refuses a result: sending the least of it', about);
        this.#waiting.shrink(rowKey(report));
        return;
      case 'retry':
        metrics.reports.inc({ result: verdict.metric });
        logger.warn(hint(verdict.metric, report), about);
        this.#waiting.retryLater(rowKey(report), size);
        return;
      case 'pause':
        metrics.reports.inc({ result: 'throttled' });
        this.#server.failed(new Error(`${String(status)} ${reason}: ${message}`), verdict.afterMs);
        return;
      default:
        verdict satisfies never;
    }
  }

  #taken(report: PendingReport): void {
    this.#server.answered();
    this.#waiting.taken(rowKey(report));
    this.#options.engine.markReported(report.id, report.revision);
  }

  #remember(report: PendingReport, at: number): void {
    const { status, progress } = report.result;
    this.#sent.delete(rowKey(report));
    if (status !== 'running') return;
    this.#sent.set(rowKey(report), { at, stage: progress?.stage, percent: progress?.percent });
    dropOldest(this.#sent);
  }

  #wakeFlushers(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const wake of idle) wake();
  }
}
