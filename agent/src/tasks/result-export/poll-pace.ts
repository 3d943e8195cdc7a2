const shortestPauseMs = 250;
const longestPauseMs = 5_000;

/** How soon a node is asked again: about half-way to the block that is waited for, at the pace at which blocks have come. */
export class PollPace {
  #blockMs = 1_000;
  #last: { readonly height: number; readonly at: number } | undefined;

  /** @param now Milliseconds of the monotonic clock. */
  saw(height: number, now: number): void {
    const last = this.#last;
    if (last?.height === height) return;
    if (last !== undefined && height > last.height) {
      this.#blockMs += ((now - last.at) / (height - last.height) - this.#blockMs) / 4;
    }
    this.#last = { height, at: now };
  }

  /** Milliseconds to wait for so many blocks more. */
  pauseMs(blocks: number): number {
    return Math.min(longestPauseMs, Math.max(shortestPauseMs, (blocks * this.#blockMs) / 2));
  }
}
