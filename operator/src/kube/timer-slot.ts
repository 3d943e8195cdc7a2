import type { Clock } from '@nodetask/shared';

/** Holds one timer at most: setting it again cancels the former. */
export class TimerSlot {
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(delayMs: number, callback: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#clock.setTimer(delayMs, callback);
  }

  /** Leaves a timer that is set as it is. */
  setUnlessSet(delayMs: number, callback: () => void): void {
    if (this.#cancel === undefined) this.set(delayMs, callback);
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
