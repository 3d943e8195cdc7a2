import { abortReason, type Clock, type Logger, sleep } from '@nodetask/shared';
import type { BlockHeights } from './block-heights.ts';

/** The watch retries outages itself; should it end all the same, it begins anew after this pause. */
const restartPauseMs = 5000;

/** Watches the chain while, and only while, a schedule waits for a height. */
export class HeightWatcher {
  readonly #heights: BlockHeights;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onHeight: (height: number) => void;
  #watching: AbortController | undefined;

  constructor(heights: BlockHeights, clock: Clock, logger: Logger, onHeight: (height: number) => void) {
    this.#heights = heights;
    this.#clock = clock;
    this.#logger = logger;
    this.#onHeight = onHeight;
  }

  /** Begins or ends watching. */
  want(wanted: boolean): void {
    if (!wanted) {
      this.#watching?.abort(new Error('no schedule waits for a block height'));
      this.#watching = undefined;
    } else if (this.#watching === undefined) {
      this.#watching = new AbortController();
      // Never rejects.
      void this.#watch(this.#watching.signal);
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#heights.watch((height) => {
          if (!signal.aborted) this.#onHeight(height);
        }, signal);
        if (!signal.aborted)
          this.#logger.warn('the watch of block heights ended; it begins anew', { pauseMs: restartPauseMs });
      } catch (error) {
        if (!signal.aborted) this.#logger.error('the watch of block heights failed; it begins anew', { error });
      }
      try {
        await sleep(this.#clock, restartPauseMs, signal);
      } catch (error) {
        if (error !== abortReason(signal)) throw error;
      }
    }
  }
}
