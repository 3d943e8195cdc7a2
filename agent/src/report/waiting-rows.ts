import type { Clock } from '@nodetask/shared';
import { backoffMs } from '../backoff.ts';
import { dropOldest } from './drop-oldest.ts';

interface Waiting {
  readonly failures: number;
  readonly until: number;
  readonly size: 'fitting' | 'least';
}

const backoff = { firstMs: 500, mostMs: 300_000 };

/** Rows whose report was not taken, by row (see rowKey): each is tried again by itself, with growing pauses. */
export class WaitingRows {
  readonly #rows = new Map<string, Waiting>();
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Waiting | undefined {
    return this.#rows.get(key);
  }

  retryLater(key: string, size: Waiting['size']): void {
    const failures = this.#rows.get(key)?.failures ?? 0;
    this.#set(key, {
      failures: failures + 1,
      until: this.#clock.monotonic() + backoffMs(failures, backoff, this.#random),
      size,
    });
  }

  /** The least result, at once. */
  shrink(key: string): void {
    this.retryNow(key, 'least');
  }

  /** At once, since something about it is another. */
  retryNow(key: string, size: Waiting['size']): void {
    this.#set(key, { failures: 0, until: this.#clock.monotonic(), size });
  }

  taken(key: string): void {
    this.#rows.delete(key);
  }

  #set(key: string, waiting: Waiting): void {
    this.#rows.delete(key);
    this.#rows.set(key, waiting);
    dropOldest(this.#rows);
  }
}
