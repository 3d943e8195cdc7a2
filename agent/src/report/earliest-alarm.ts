import type { Clock } from '@nodetask/shared';

/** One timer for many times: it rings at the earliest of those asked for since it last rang. */
export class EarliestAlarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** @param at by the monotonic clock, in milliseconds. */
  at(at: number): void {
    if (at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#clock.setTimer(Math.max(1, at - this.#clock.monotonic()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#cancel = undefined;
      this.#ring();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
