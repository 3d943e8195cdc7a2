import type { Clock } from '@nodetask/shared';

/** Milliseconds: as a container that crashes is restarted by the kubelet, but beginning at 1 s. */
const firstPauseMs = 1000;
const longestPauseMs = 5 * 60_000;
const resetAfterMs = 10 * 60_000;

/** The pauses between restarts of one daemon: 1 s, doubling to 5 min, from the start again after 10 min without a failure. */
export class RestartBackoff {
  readonly #clock: Clock;
  #pauseMs = firstPauseMs;
  #startedAt = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  started(): void {
    this.#startedAt = this.#clock.monotonic();
  }

  /** Calls back after the pause that is due now. */
  schedule(restart: () => void): void {
    if (this.#clock.monotonic() - this.#startedAt >= resetAfterMs) this.#pauseMs = firstPauseMs;
    this.#cancelTimer = this.#clock.setTimer(this.#pauseMs, restart);
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
