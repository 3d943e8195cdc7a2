import type { Clock } from '@nodetask/shared';
import type { KubeMetrics } from './kube-metrics.ts';
import { TokenBucket } from './token-bucket.ts';

export interface WorkQueueOptions {
  /** The label `name` of the metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly metrics: KubeMetrics;
  /** Wait after the first failure of a key; doubles with each further one. Default 250 ms. */
  readonly retryInitialMs?: number;
  /** Default 5 min. */
  readonly retryMaxMs?: number;
  /** All keys' retries together: default 10 a second after a burst of 100. */
  readonly retriesPerSecond?: number;
  readonly retryBurst?: number;
}

/**
 * Keys that need work. A key is in the queue once at most and with one worker at most: what is added while it is in work
 * comes again when that is done. Semantics of client-go's rate-limiting work queue.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #retryBucket: TokenBucket;
  readonly #unregisterLoad: () => void;
  /** Waiting for a worker, oldest first, with the time of the add. */
  readonly #ready = new Map<string, number>();
  /** With a worker, with the times of the add and of the start. */
  readonly #active = new Map<string, { readonly addedAt: number; readonly start: number }>();
  /** Active and added meanwhile, with the time of the add. */
  readonly #dirty = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly due: number; readonly cancel: () => void }>();
  /** Failures in a row; only keys that failed last. */
  readonly #failures = new Map<string, number>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#retryBucket = new TokenBucket({
      perSecond: options.retriesPerSecond ?? 10,
      burst: options.retryBurst ?? 100,
      clock: options.clock,
    });
    this.#unregisterLoad = options.metrics.queueLoad(options.name, () => this.#load());
  }

  get name(): string {
    return this.#options.name;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Work on `key` now. Cancels its addAfter: who works on it says anew when to come back. */
  add(key: string): void {
    if (this.#closed) return;
    this.#cancelDelayed(key);
    const pending = this.#active.has(key) ? this.#dirty : this.#ready;
    if (pending.has(key)) return;
    pending.set(key, this.#options.clock.monotonic());
    this.#options.metrics.queueAdded(this.name);
    this.#handOut();
  }

  /** Work on `key` in `delayMs`, of any size. The earliest of several wins; a key that is already waiting for a worker stays as it is. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed || this.#ready.has(key) || this.#dirty.has(key)) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const due = this.#options.clock.monotonic() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.due <= due) return;
    earlier?.cancel();
    const cancel = this.#options.clock.setTimer(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { due, cancel });
  }

  /** Work on `key` again after a failure: later with each failure in a row, until forget. All such retries together are limited. */
  addRateLimited(key: string): void {
    this.#retry(key, this.#options.retryMaxMs ?? 300_000, this.#retryBucket.reserve());
  }

  /**
   * The same after a failure that is not the key's: each key waits for itself, at most `mostMs`. In an outage all keys fail, and the
   * limit for all together would keep the last of them waiting long after its end.
   */
  addAfterOutage(key: string, mostMs: number): void {
    this.#retry(key, mostMs, 0);
  }

  /** `key` succeeded (or never will): its failures no longer count. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, as soon as there is one; undefined once the queue is closed. Each key must be given back with done. */
  async get(): Promise<string | undefined> {
    if (this.#closed) return undefined;
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#handOut();
    });
  }

  /** When a key that a worker has became due: the monotonic clock's milliseconds; undefined for one that no worker has. */
  dueAt(key: string): number | undefined {
    return this.#active.get(key)?.addedAt;
  }

  /** The work on `key` has ended, well or not. */
  done(key: string): void {
    const active = this.#active.get(key);
    if (active === undefined) throw new Error(`work queue ${this.name}: done("${key}") without get`);
    this.#active.delete(key);
    this.#options.metrics.queueWorked(this.name, (this.#options.clock.monotonic() - active.start) / 1000);
    const addedAt = this.#dirty.get(key);
    if (addedAt === undefined || this.#closed) return;
    this.#dirty.delete(key);
    this.#ready.set(key, addedAt);
    this.#handOut();
  }

  /** Hands out no more keys, frees all who wait, forgets what waits. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    for (const resolve of this.#waiters.splice(0)) resolve(undefined);
    for (const pending of [this.#delayed, this.#ready, this.#dirty, this.#failures]) pending.clear();
    this.#options.metrics.queueDepth(this.name, 0);
    this.#unregisterLoad();
  }

  #retry(key: string, mostMs: number, leastMs: number): void {
    const { retryInitialMs = 250, metrics } = this.#options;
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    metrics.queueRetried(this.name);
    // The exponent is capped: 2 ** 1024 is Infinity.
    const backoffMs = Math.min(retryInitialMs * 2 ** Math.min(failures, 32), mostMs);
    this.addAfter(key, Math.max(backoffMs, leastMs));
  }

  #cancelDelayed(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  #handOut(): void {
    const now = this.#options.clock.monotonic();
    for (const [key, addedAt] of this.#ready) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) break;
      this.#ready.delete(key);
      this.#active.set(key, { addedAt, start: now });
      this.#options.metrics.queueWaited(this.name, (now - addedAt) / 1000);
      waiter(key);
    }
    this.#options.metrics.queueDepth(this.name, this.#ready.size);
  }

  #load(): { unfinishedSeconds: number; longestSeconds: number } {
    const now = this.#options.clock.monotonic();
    const seconds = [...this.#active.values()].map(({ start }) => (now - start) / 1000);
    return {
      unfinishedSeconds: seconds.reduce((sum, one) => sum + one, 0),
      longestSeconds: Math.max(0, ...seconds),
    };
  }
}
