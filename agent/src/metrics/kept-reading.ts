import type { Clock } from '@nodetask/shared';

export interface KeptReadingOptions {
  readonly clock: Clock;
  /** A reading counts for so long, and so does one that failed. */
  readonly keepMs: number;
  /** A scrape waits no longer than this. */
  readonly timeoutMs: number;
}

/**
 * Something outside of the agent that metrics tell of. However often and by however many it is scraped, there is one reading at a time, and one in
 * `keepMs`; and a node or a disk that does not answer holds up no scrape.
 */
export class KeptReading<T> {
  readonly #read: (signal: AbortSignal) => Promise<T>;
  readonly #options: KeptReadingOptions;
  #last: { readonly value: T | undefined; readonly at: number } | undefined;
  #underWay: Promise<void> | undefined;

  /** @param read may reject, which is the same as undefined; its signal aborts when the time is over. */
  constructor(read: (signal: AbortSignal) => Promise<T>, options: KeptReadingOptions) {
    this.#read = read;
    this.#options = options;
  }

  /** Undefined if it cannot be read, or not in time. */
  async get(): Promise<T | undefined> {
    const { clock, keepMs, timeoutMs } = this.#options;
    if (this.#last === undefined || clock.monotonic() - this.#last.at >= keepMs) {
      const late = new AbortController();
      const isOver = Promise.withResolvers<void>();
      const cancelTimer = clock.setTimer(timeoutMs, () => {
        // The former reading is older than it may be.
        this.#last = { value: undefined, at: clock.monotonic() };
        late.abort(new Error(`no answer within ${timeoutMs} ms`));
        isOver.resolve();
      });
      this.#underWay ??= this.#readOnce(late.signal);
      await Promise.race([this.#underWay, isOver.promise]);
      cancelTimer();
    }
    return this.#last?.value;
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const value = await this.#read(signal).catch(() => undefined);
    this.#last = { value, at: this.#options.clock.monotonic() };
    this.#underWay = undefined;
  }
}
