import { sleep } from '@nodetask/shared';
import { isExpired, isForbidden, isNotFound } from './api-error.ts';
import { Backoff } from './backoff.ts';
import { onAbort } from './deadline.ts';
import { isKubeObject, type KubeObject, objectKey } from './kube-object.ts';
import type { Query } from './kube-transport.ts';
import { listPages } from './list-pages.ts';
import type { ChangeHandler, ObjectCache } from './object-cache.ts';
import { ObjectMirror } from './object-mirror.ts';
import { defaultReflectorTimings, type ReflectorOptions, type ReflectorTimings } from './reflector-options.ts';
import { parsePageOfOne } from './page-of-one.ts';
import { collectionPath } from './resource-type.ts';
import { isEarlierVersion } from './resource-version.ts';
import { TimerSlot } from './timer-slot.ts';
import { blamesTheVersion, failureReason } from './watch-failure.ts';
import type { WatchEvent } from './watch-event.ts';
import { InactivityError, watchOnce } from './watch-once.ts';

/** How a reflector is doing. */
export interface ReflectorHealth {
  readonly resource: string;
  /** Whether the cache has once been complete. */
  readonly synced: boolean;
  /** Time since the last byte from the API server, or since the end of the last failed attempt to get one. */
  readonly lastActivityAgeMs: number;
  /** What went wrong last; absent once the watch delivers again. */
  readonly lastError?: string;
  /** What the API server said when it last refused to show anything, for want of rights; absent once it shows it again. */
  readonly refusal?: string;
}

/** Why a list is made; the label `reason` of relist_total. */
type ListReason = 'initial' | 'expired' | 'repeated-failure' | 'silent' | 'rewritten' | 'periodic';

/** Ends a watch that works: the time for a comparison with a true list has come. */
class RelistDue extends Error {
  override readonly name = 'RelistDue';
}

/** Ends a watch whose version counts no more. */
class HistoryRewritten extends Error {
  override readonly name = 'HistoryRewritten';
}

/**
 * Mirrors the objects of one type into a cache: list, then watch, for ever. It never gives up and never goes silent: a dead
 * connection is noticed by its inactivity, a stream that cannot be read ends the watch, and a periodic list compares. An object that cannot be read is left
 * out and counted, and the others go on.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #timings: ReflectorTimings;
  readonly #path: string;
  readonly #mirror: ObjectMirror<T>;
  readonly #synced = Promise.withResolvers<void>();
  readonly #backoff: Backoff;
  #isSynced = false;
  #running = false;
  /** Where the next watch begins; undefined: list first. */
  #resourceVersion: string | undefined;
  #listReason: ListReason = 'initial';
  #lastActivity: number;
  #lastError: string | undefined;
  #refusal: string | undefined;
  /** The version at which the last watch failed. */
  #failedAt: string | undefined;
  #relistAt = Infinity;
  /** Whether the present watch has delivered anything. */
  #hasDelivered = false;
  /** The last watch has delivered nothing until it was given up: its connection was dead, or its version is one that the server has not reached. */
  #isDoubtful = false;
  #endWatch: ((reason: Error) => void) | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timings = { ...defaultReflectorTimings, ...options.timings };
    this.#path = collectionPath(options.type, options.namespace);
    this.#mirror = new ObjectMirror<T>({ ...options, resource: options.type.plural });
    this.#lastActivity = options.clock.monotonic();
    this.#backoff = new Backoff({
      initialMs: this.#timings.backoffInitialMs,
      maxMs: this.#timings.backoffMaxMs,
      random: options.random,
    });
  }

  get cache(): ObjectCache<T> {
    return this.#mirror.cache;
  }

  /** Resolves when the first list is complete. Never rejects: whoever waits has a signal of their own. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Adds a handler; call it before run. Handlers only enqueue keys: they are called while the stream waits. */
  onChange(handler: ChangeHandler<T>): void {
    this.#mirror.onChange(handler);
  }

  health(): ReflectorHealth {
    return {
      resource: this.#resource,
      synced: this.#isSynced,
      lastActivityAgeMs: this.#options.clock.monotonic() - this.#lastActivity,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(this.#refusal !== undefined && { refusal: this.#refusal }),
    };
  }

  /**
   * Lists anew, now: what the cluster has stored was put back to an earlier state. A watch from a version that comes later goes on as if nothing were amiss, and what
   * was written in between is never delivered.
   */
  listAnew(): void {
    this.#dropVersion('rewritten');
    this.#endWatch?.(new HistoryRewritten('the cluster was put back to an earlier state'));
  }

  /** Mirrors until `signal` aborts; resolves when everything is closed. To be called once. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) throw new Error(`the reflector of ${this.#resource} is running already`);
    this.#running = true;
    const stopResync = this.#resyncPeriodically();
    try {
      while (!signal.aborted) {
        const waitMs = await this.#listAndWatch(signal);
        if (waitMs > 0) await sleep(this.#options.clock, waitMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stopResync();
    }
  }

  get #resource(): string {
    return this.#options.type.plural;
  }

  /** One round. Returns how long to wait before the next. */
  async #listAndWatch(signal: AbortSignal): Promise<number> {
    try {
      this.#resourceVersion ??= await this.#list(this.#listReason, signal);
      const start = this.#options.clock.monotonic();
      await this.#watch(this.#resourceVersion, signal);
      this.#options.metrics.watchReconnected(this.#resource, 'closed');
      const healthy = this.#options.clock.monotonic() - start >= this.#timings.healthyWatchMs;
      return healthy ? 0 : this.#backoff.next();
    } catch (error) {
      if (signal.aborted) return 0;
      if (error instanceof RelistDue) {
        await this.#compare(signal);
        return 0;
      }
      if (error instanceof HistoryRewritten) return 0;
      return this.#onFailure(error);
    }
  }

  #onFailure(error: unknown): number {
    const waitMs = this.#backoff.next();
    const { logger, metrics } = this.#options;
    const absent = isNotFound(error) ? this.#options.absent : undefined;
    const message = absent?.text ?? (error instanceof Error ? error.message : String(error));
    this.#active();
    this.#isDoubtful = error instanceof InactivityError && !this.#hasDelivered;
    this.#lastError = message;
    const wasRefused = this.#refusal !== undefined;
    this.#refusal = isForbidden(error) ? error.said : undefined;
    metrics.watchReconnected(this.#resource, failureReason(error));
    if (isExpired(error)) {
      this.#dropVersion('expired');
    } else if (blamesTheVersion(error) && this.#resourceVersion !== undefined) {
      if (this.#failedAt === this.#resourceVersion) this.#dropVersion('repeated-failure');
      else this.#failedAt = this.#resourceVersion;
    }
    // Each is told by somebody else, once for all mirrors.
    if (absent === undefined && !(wasRefused && isForbidden(error))) {
      logger.warn(`watch of ${this.#resource} failed, trying again`, { error, waitMs: Math.round(waitMs) });
    } else absent?.missing();
    return waitMs;
  }

  #dropVersion(reason: ListReason): void {
    this.#resourceVersion = undefined;
    this.#failedAt = undefined;
    this.#listReason = reason;
  }

  /** Brings the cache to what a list says; returns its version. */
  async #list(reason: ListReason, signal: AbortSignal): Promise<string> {
    const { resourceVersion } = await this.#listInto(signal, {});
    this.#options.metrics.relisted(this.#resource, reason);
    this.#options.absent?.found();
    this.#refusal = undefined;
    this.#scheduleRelist();
    if (!this.#isSynced) {
      this.#isSynced = true;
      this.#synced.resolve();
    }
    return resourceVersion;
  }

  /**
   * Compares the cache with a list of exactly the version that the watch has reached: any difference is an event that the watch
   * has not delivered. It is counted and put right.
   */
  async #compare(signal: AbortSignal): Promise<void> {
    const { logger, metrics } = this.#options;
    this.#scheduleRelist();
    try {
      const { differences } = await this.#listInto(signal, {
        resourceVersion: this.#resourceVersion,
        resourceVersionMatch: 'Exact',
      });
      metrics.relisted(this.#resource, 'periodic');
      metrics.relistMissed(this.#resource, differences);
      if (differences > 0) logger.error(`the watch of ${this.#resource} had missed events`, { differences });
    } catch (error) {
      if (signal.aborted) return;
      // The watch still works, and goes on; the next comparison has another chance.
      logger.warn(`cannot compare the cache of ${this.#resource} with a list`, { error });
    }
  }

  async #listInto(signal: AbortSignal, version: Query): Promise<{ resourceVersion: string; differences: number }> {
    let seen = new Set<string>();
    let differences = 0;
    const resourceVersion = await listPages(
      {
        transport: this.#options.transport,
        path: this.#path,
        query: { ...this.#selectors(), ...version },
        pageSize: this.#timings.pageSize,
        signal,
      },
      (items) => {
        this.#active();
        for (const item of items) {
          if (!isKubeObject(item)) {
            this.#mirror.skip('it has no name, uid or resourceVersion, or it holds too many values');
            continue;
          }
          seen.add(objectKey(item.metadata));
          if (this.#mirror.put(item as T)) differences += 1;
        }
      },
      () => {
        seen = new Set();
      },
    );
    signal.throwIfAborted();
    differences += this.#mirror.keepOnly(seen);
    return { resourceVersion, differences };
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { clock, random, transport } = this.#options;
    const connection = new AbortController();
    const asking = this.#isDoubtful ? this.#askWhetherReached(resourceVersion, connection) : undefined;
    this.#hasDelivered = false;
    this.#endWatch = (reason) => {
      connection.abort(reason);
    };
    const unlink = onAbort(signal, (reason) => {
      connection.abort(reason);
    });
    const cancelRelist = clock.setTimer(Math.max(0, this.#relistAt - clock.monotonic()), () => {
      connection.abort(new RelistDue());
    });
    try {
      await watchOnce<T>({
        transport,
        path: this.#path,
        query: {
          ...this.#selectors(),
          watch: true,
          resourceVersion,
          allowWatchBookmarks: true,
          timeoutSeconds: Math.round((this.#timings.watchTimeoutMs / 1000) * (1 + random())),
        },
        inactivityMs: this.#timings.inactivityMs,
        clock,
        signal: connection.signal,
        onActivity: () => {
          this.#active();
        },
        onEvent: (event) => {
          this.#onEvent(event);
        },
      });
    } finally {
      this.#endWatch = undefined;
      cancelRelist();
      unlink();
      connection.abort(new Error('the watch has ended'));
      await asking;
    }
  }

  /**
   * Ends the watch if the API server has not reached its version, as after a restore of etcd: it would wait for that without a word, even without the bookmark of
   * each minute. Asked beside the watch, so that a network that was away for a while costs no time.
   */
  async #askWhetherReached(resourceVersion: string, connection: AbortController): Promise<void> {
    const { transport, logger } = this.#options;
    try {
      const { metadata } = await transport.request<{ readonly metadata?: { readonly resourceVersion?: string } }>({
        method: 'GET',
        path: this.#path,
        query: { ...this.#selectors(), limit: 1 },
        verb: 'list',
        parse: parsePageOfOne,
        signal: connection.signal,
      });
      if (!isEarlierVersion(metadata?.resourceVersion ?? '', resourceVersion)) return;
      this.#dropVersion('silent');
      connection.abort(new HistoryRewritten('the version of the watch is one that the API server has not reached'));
    } catch (error) {
      // The next watch that delivers nothing asks again.
      if (!connection.signal.aborted) logger.warn(`cannot ask for the version of ${this.#resource}`, { error });
    }
  }

  #onEvent(event: Exclude<WatchEvent<T>, { type: 'ERROR' }>): void {
    this.#backoff.reset();
    this.#lastError = undefined;
    this.#refusal = undefined;
    this.#failedAt = undefined;
    this.#hasDelivered = true;
    if (event.type === 'BOOKMARK') {
      this.#resourceVersion = event.resourceVersion;
      return;
    }
    if (event.type === 'UNREADABLE') {
      // Whichever object it is about: the periodic list puts right what is known of it.
      this.#mirror.skip(event.why);
      return;
    }
    if (event.type === 'DELETED') this.#mirror.remove(event.object);
    else this.#mirror.put(event.object);
    this.#resourceVersion = event.object.metadata.resourceVersion;
  }

  /** The loop is alive: something came from the server, or an attempt ended. */
  #active(): void {
    this.#lastActivity = this.#options.clock.monotonic();
  }

  #selectors(): Query {
    return { labelSelector: this.#options.labelSelector, fieldSelector: this.#options.fieldSelector };
  }

  #scheduleRelist(): void {
    const { clock, random } = this.#options;
    this.#relistAt = clock.monotonic() + this.#timings.relistMs * (1 + random());
  }

  /** Shows the handlers every object of the cache again, now and then. Returns how to stop. */
  #resyncPeriodically(): () => void {
    const { clock, random } = this.#options;
    const timer = new TimerSlot(clock);
    const arm = (): void => {
      timer.set(this.#timings.resyncMs * (0.9 + 0.2 * random()), () => {
        this.#mirror.resync();
        arm();
      });
    };
    arm();
    return () => {
      timer.cancel();
    };
  }
}
