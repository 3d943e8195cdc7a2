import type { Clock, Logger } from '@nodetask/shared';
import { backoffMs } from '../backoff.ts';

export interface ServerPauseOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** A probe every 5 s at the most: 10 s after the API server is back, no status may be older than what the agent says. */
const backoff = { firstMs: 200, mostMs: 5000 };
/** The longest pause that the API server may ask for. */
const longestAskedMs = 60_000;

/** The API server as a whole: while it does not answer, or wants a pause, nothing but a probe is sent. */
export class ServerPause {
  readonly #options: ServerPauseOptions;
  #failures = 0;
  #until = Number.NEGATIVE_INFINITY;

  constructor(options: ServerPauseOptions) {
    this.#options = options;
  }

  /** Until when nothing is sent, by the monotonic clock. */
  get until(): number {
    return this.#until;
  }

  /** True from the first failure to the first answer. */
  get away(): boolean {
    return this.#failures > 0;
  }

  answered(): void {
    if (this.#failures > 0) this.#options.logger.info('the API server answers again', { failures: this.#failures });
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** @param afterMs the pause that it asked for, if it did. */
  failed(error: unknown, afterMs?: number): void {
    const { clock, random, logger } = this.#options;
    const pause = Math.max(backoffMs(this.#failures, backoff, random), Math.min(afterMs ?? 0, longestAskedMs));
    // The first failure and then every sixteenth: an outage of hours must not fill the log.
    if (this.#failures % 16 === 0) {
      logger.warn('the API server cannot be reached: results wait in the journal', {
        error,
        failures: this.#failures + 1,
      });
    }
    this.#failures++;
    this.#until = Math.max(this.#until, clock.monotonic() + pause);
  }
}
