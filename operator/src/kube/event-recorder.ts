import { abortReason, type Clock, type Logger, sleep } from '@nodetask/shared';
import { ApiError, isAlreadyExists, isNotFound } from './api-error.ts';
import { Backoff } from './backoff.ts';
import { abortable } from './deadline.ts';
import { defaultEventLimits, EventCorrelator, type EventLimits, type EventSeries } from './event-correlator.ts';
import type { EventRecord, EventSink } from './event-record.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import type { KubeTransport } from './kube-transport.ts';
import { microTime } from './micro-time.ts';
import { collectionPath, events, objectPath } from './resource-type.ts';
import { TimerSlot } from './timer-slot.ts';

export interface EventRecorderOptions {
  readonly transport: KubeTransport;
  /** `reportingController` of the Events: `nodetask.dev/operator`. */
  readonly controller: string;
  /** `reportingInstance`: the pod's name. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  readonly limits?: Partial<EventLimits>;
}

/** Series that wait to be written. */
const maxQueued = 1000;
/** Tries of one write, over about five minutes. */
const maxTries = 12;
/** The log says at most so often that events were dropped. */
const dropLogMs = 60_000;

/**
 * Writes Events (events.k8s.io/v1) behind the back of whoever reports them: event() never throws and never waits. Events are for
 * people and may get lost; how many is counted and logged.
 */
export class EventRecorder implements EventSink {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  readonly #queue: EventSeries[] = [];
  readonly #dropLog: TimerSlot;
  /** Drops by reason that the log has not said yet. */
  #dropped: Record<string, number> = {};
  #wake = Promise.withResolvers<void>();
  #idle = Promise.withResolvers<void>();
  #writing = false;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(options, { ...defaultEventLimits, ...options.limits });
    this.#dropLog = new TimerSlot(options.clock);
    this.#idle.resolve();
  }

  event(record: EventRecord): void {
    const series = this.#correlator.add(record);
    if (series === 'counted') return;
    if (series === 'limited') this.#drop('rate');
    else this.#enqueue(series);
  }

  /** Writes events until `signal` aborts; what is not written by then is dropped: call flush first. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const series = this.#queue.shift();
      if (series === undefined) {
        this.#writing = false;
        this.#idle.resolve();
        this.#wake = Promise.withResolvers();
        await abortable(this.#wake.promise, signal).catch(() => undefined);
        continue;
      }
      this.#writing = true;
      await this.#write(series, signal);
    }
    this.#stopped = true;
    for (const _ of this.#queue.splice(0)) this.#drop('stopped');
    this.#logDrops();
    this.#idle.resolve();
  }

  /** Resolves when everything reported so far is written or dropped; throws the reason of `signal` when that aborts first. */
  async flush(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw abortReason(signal);
    await abortable(this.#idle.promise, signal);
  }

  #enqueue(series: EventSeries): void {
    if (this.#stopped || this.#queue.length >= maxQueued) {
      series.queued = false;
      this.#drop(this.#stopped ? 'stopped' : 'queue-full');
      return;
    }
    if (this.#queue.length === 0 && !this.#writing) this.#idle = Promise.withResolvers();
    this.#queue.push(series);
    this.#wake.resolve();
  }

  async #write(series: EventSeries, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ initialMs: 500, maxMs: 30_000, random: this.#options.random });
    for (let tries = 1; ; tries += 1) {
      try {
        // From here on a further event of the series asks for a further write.
        series.queued = false;
        await this.#writeOnce(series, signal);
        return;
      } catch (error) {
        const retriable = error instanceof ApiError && error.retriable && tries < maxTries;
        if (signal.aborted || !retriable) {
          this.#drop(signal.aborted ? 'stopped' : 'refused');
          this.#options.logger.warn('an event was not written', { error, ...nameOf(series), tries });
          return;
        }
        series.queued = true;
        const waitMs = error.retryAfterMs ?? backoff.next();
        await sleep(this.#options.clock, waitMs, signal).catch(() => undefined);
      }
    }
  }

  async #writeOnce(series: EventSeries, signal: AbortSignal): Promise<void> {
    if (series.written && (await this.#patch(series, signal))) return;
    const { transport, controller, instance } = this.#options;
    const { regarding, type, reason, action, note } = series.record;
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: series.name, namespace: regarding.namespace },
      eventTime: microTime(series.firstAt),
      reportingController: controller,
      reportingInstance: instance,
      regarding,
      type,
      reason,
      action,
      note,
      ...(series.count > 1 && { series: seriesField(series) }),
    };
    const path = collectionPath(events, regarding.namespace);
    try {
      await transport.request({ method: 'POST', path, body, verb: 'create', signal });
    } catch (error) {
      // A try whose answer got lost has written it.
      if (!isAlreadyExists(error)) throw error;
    }
    series.written = true;
  }

  /** Raises the count of an Event; false when that is gone: the API server keeps Events for an hour. */
  async #patch(series: EventSeries, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.transport.request({
        method: 'PATCH',
        path: objectPath(events, { namespace: series.record.regarding.namespace, name: series.name }),
        contentType: 'application/merge-patch+json',
        body: { series: seriesField(series) },
        verb: 'patch',
        signal,
      });
      return true;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return false;
    }
  }

  #drop(reason: string): void {
    this.#options.metrics.eventDropped(reason);
    if (Object.keys(this.#dropped).length === 0) {
      this.#dropLog.set(dropLogMs, () => {
        this.#logDrops();
      });
    }
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  #logDrops(): void {
    this.#dropLog.cancel();
    if (Object.keys(this.#dropped).length === 0) return;
    this.#options.logger.warn('events were dropped', { byReason: this.#dropped });
    this.#dropped = {};
  }
}

const seriesField = ({ count, lastAt }: EventSeries): object => ({ count, lastObservedTime: microTime(lastAt) });

const nameOf = ({ record: { regarding, reason } }: EventSeries): object => {
  const name = `${regarding.namespace}/${regarding.name}`;
  return {
    regarding: `${regarding.kind} ${name}`,
    ...(regarding.kind === 'NodeTask' ? { nodeTask: name } : {}),
    reason,
  };
};
