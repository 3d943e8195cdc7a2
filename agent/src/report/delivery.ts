import { noTracer, type Span, type Tracer } from '@nodetask/runtime';
import type { Clock, Logger, TaskRef } from '@nodetask/shared';
import type { EngineApi, PendingReport } from '../engine/engine-api.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import { startReportSpan } from '../tracing/report-span.ts';
import type { ApiAnswer, StatusTransport } from './api-server.ts';
import type { Sent } from './coalesce.ts';
import { dropOldest, maxKept } from './drop-oldest.ts';
import { FieldManagers } from './field-managers.ts';
import { judgeAnswer, type Verdict } from './judge-answer.ts';
import { isStillWanted } from './leftover.ts';
import { rowKey } from './newest.ts';
import { aboutReport, hint } from './report-log.ts';
import type { ServerPause } from './server-pause.ts';
import { objectPath, type RowOwner, statusPatch, withdrawal } from './status-patch.ts';
import type { WaitingRows } from './waiting-rows.ts';

export interface DeliveryOptions {
  readonly engine: Pick<EngineApi, 'markReported' | 'removeResult'>;
  readonly transport: StatusTransport;
  readonly podName: string;
  readonly podUID?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Pick<AgentMetrics, 'reports' | 'reportDuration'>;
  /** Told whether the API server answers. */
  readonly server: ServerPause;
  /** Told that a NodeTask is there. */
  readonly seen?: ((ref: TaskRef) => void) | undefined;
  /** Told which rows have to wait. */
  readonly waiting: WaitingRows;
  readonly tracer?: Tracer;
}

/** Brings one report to the status of its NodeTask, and draws the conclusion from the answer: taken, gone, smaller, later. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #since: number;
  /** By row, see rowKey. */
  readonly #sent = new Map<string, Sent>();
  readonly #checked = new Set<string>();
  readonly #managers: FieldManagers;
  readonly #abort = new AbortController();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#since = options.clock.now();
    this.#managers = new FieldManagers(options);
  }

  /** What was last sent of a task that runs. */
  lastSent(report: PendingReport): Sent | undefined {
    return this.#sent.get(rowKey(report));
  }

  /** Ends the requests that are on their way. */
  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** Sends a report. Rejects only by a fault of the agent itself, or where the journal cannot be written; the report then stays pending. */
  async deliver(report: PendingReport): Promise<void> {
    if (this.#isLeftover(report) && !(await this.#check(report))) return;
    const span = startReportSpan(this.#options.tracer ?? noTracer, report);
    try {
      await this.#send(report, span);
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  async #send(report: PendingReport, span: Span): Promise<void> {
    const { transport, clock } = this.#options;
    const size = this.#options.waiting.get(rowKey(report))?.size ?? 'fitting';
    const sentAt = clock.monotonic();
    const answer = await this.#ask((signal) =>
      transport.patch(statusPatch(report, this.#ownerOf(report), size), signal),
    );
    if (answer === undefined) {
      span.fail('the API server did not answer');
      return;
    }
    const verdict = judgeAnswer(answer, size);
    span.set({ 'http.response.status_code': answer.status });
    if (verdict.kind !== 'accepted') {
      span.fail(verdict.kind);
      this.#settle(report, size, verdict, answer);
    } else if (answer.uid === undefined || answer.uid === report.ref.uid) {
      this.#options.metrics.reports.inc({ result: 'accepted' });
      this.#options.seen?.(report.ref);
      this.#remember(report, sentAt);
      this.#taken(report);
    } else {
      await this.#withdraw(report);
    }
  }

  /** Submitted to an earlier process: what became of its NodeTask since then must be looked up once. */
  #isLeftover(report: PendingReport): boolean {
    return Date.parse(report.result.submittedAt) < this.#since && !this.#checked.has(rowKey(report));
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
    const { transport } = this.#options;
    const owner = this.#ownerOf(report);
    const answer = await this.#ask((signal) => transport.patch(withdrawal(report.ref, owner), signal));
    if (answer === undefined) return;
    const verdict = judgeAnswer(answer, 'least');
    this.#settle(report, 'fitting', verdict.kind === 'accepted' ? { kind: 'gone' } : verdict, answer);
  }

  #ownerOf(report: PendingReport): RowOwner {
    return { podName: this.#options.podName, manager: this.#managers.of(rowKey(report)) };
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
      if (this.#abort.signal.aborted) return undefined;
      metrics.reports.inc({ result: 'unreachable' });
      this.#options.server.failed(error);
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
    if (verdict.kind !== 'pause') this.#options.server.answered();
    switch (verdict.kind) {
      case 'gone':
        metrics.reports.inc({ result: 'gone' });
        logger.info('the NodeTask of a result is gone or shows a later task: the result is not reported', about);
        this.#stopOrphan(report);
        this.#taken(report);
        return;
      case 'shrink':
        metrics.reports.inc({ result: 'refused' });
        logger.warn('the API server refuses a result: sending the least of it', about);
        this.#options.waiting.shrink(rowKey(report));
        return;
      case 'retry':
        metrics.reports.inc({ result: verdict.metric });
        if (verdict.metric === 'denied' && this.#managers.refused(rowKey(report))) {
          logger.warn('the admission policy of status refuses a result: trying another field manager', about);
          this.#options.waiting.retryNow(rowKey(report), size);
          return;
        }
        logger.warn(hint(verdict.metric, report), about);
        this.#options.waiting.retryLater(rowKey(report), size);
        return;
      case 'pause':
        metrics.reports.inc({ result: 'throttled' });
        this.#options.server.failed(new Error(`${String(status)} ${reason}: ${message}`), verdict.afterMs);
        return;
      default:
        verdict satisfies never;
    }
  }

  /** A NodeTask that went while this agent was away was not held up by that: its work, which nobody else can stop, is stopped now. */
  #stopOrphan(report: PendingReport): void {
    const { id, result } = report;
    if (result.status !== 'running') return;
    this.#options.logger.warn('a task whose NodeTask is gone or shows a later task is stopped', aboutReport(report));
    this.#options.engine.removeResult(id);
    // Nobody is left to be told of its end.
    this.#options.engine.markReported(id, Number.POSITIVE_INFINITY);
  }

  #taken(report: PendingReport): void {
    this.#options.server.answered();
    this.#options.waiting.taken(rowKey(report));
    this.#options.engine.markReported(report.id, report.revision);
  }

  #remember(report: PendingReport, at: number): void {
    const { status, progress } = report.result;
    this.#sent.delete(rowKey(report));
    if (status !== 'running') return;
    this.#sent.set(rowKey(report), { at, stage: progress?.stage, percent: progress?.percent });
    dropOldest(this.#sent);
  }
}
