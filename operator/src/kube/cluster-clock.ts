import type { Clock, Logger } from '@nodetask/shared';

/** What the Date of an answer differs by at most if both clocks are right: it has whole seconds, and the answer takes its time. */
const toleranceMs = 2_000;

/**
 * The time of the cluster: that of this machine, put right by the Date of what the API server answers. Deadlines are reckoned from times that the API server
 * writes into objects, as is the age of everything; a clock of this machine that is minutes off must not move them.
 */
export class ClusterClock implements Clock {
  readonly #own: Clock;
  readonly #logger: Logger;
  #offsetMs = 0;

  constructor(own: Clock, logger: Logger) {
    this.#own = own;
    this.#logger = logger;
  }

  now(): number {
    return this.#own.now() + this.#offsetMs;
  }

  monotonic(): number {
    return this.#own.monotonic();
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    return this.#own.setTimer(delayMs, callback);
  }

  /**
   * Takes in an answer.
   * @param date its header Date
   * @param tookMs since the request was sent; an answer that took long says little of the time now
   */
  sees(date: string | string[] | undefined, tookMs: number): void {
    if (typeof date !== 'string' || tookMs > toleranceMs) return;
    const said = Date.parse(date);
    if (Number.isNaN(said)) return;
    // The middle of the second.
    const offsetMs = said + 500 - this.#own.now();
    if (Math.abs(offsetMs - this.#offsetMs) <= toleranceMs) return;
    this.#offsetMs = Math.abs(offsetMs) <= toleranceMs ? 0 : offsetMs;
    this.#logger.warn('the clock of this machine and that of the API server differ, and the latter counts', {
      differenceSeconds: Math.round(offsetMs / 1000),
    });
  }
}
