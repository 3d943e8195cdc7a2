import type { Clock } from '@nodetask/shared';

/** Passes values on at most once in an interval: the first at once, then the newest at the end of each interval. */
export class Throttle<T> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #pass: (value: T) => void;
  #passedAt = -Infinity;
  #last: T | undefined;
  #waiting: { readonly value: T } | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, intervalMs: number, pass: (value: T) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#pass = pass;
  }

  /** `urgent` gets the value that was passed on last, and says whether this one cannot wait. */
  push(value: T, urgent: (last: T | undefined) => boolean): void {
    const wait = this.#passedAt + this.#intervalMs - this.#clock.monotonic();
    if (wait <= 0 || urgent(this.#last)) {
      this.#passOn(value);
      return;
    }
    this.#waiting = { value };
    this.#cancelTimer ??= this.#clock.setTimer(wait, () => {
      if (this.#waiting !== undefined) this.#passOn(this.#waiting.value);
    });
  }

  /** Drops what waits. */
  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#waiting = undefined;
  }

  #passOn(value: T): void {
    this.stop();
    this.#passedAt = this.#clock.monotonic();
    this.#last = value;
    this.#pass(value);
  }
}
