import type { Clock } from '@nodetask/shared';

export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
}

/** Limits a rate: `burst` at once, then `perSecond`. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #at: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.clock.monotonic();
  }

  /** Takes a token if there is one. */
  take(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes a token, if need be one of the future. Returns the milliseconds until it is due. */
  reserve(): number {
    this.#refill();
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#options.perSecond) * 1000;
  }

  /** Whether the bucket is as full as a new one. */
  get full(): boolean {
    this.#refill();
    return this.#tokens >= this.#options.burst;
  }

  #refill(): void {
    const now = this.#options.clock.monotonic();
    const earned = ((now - this.#at) / 1000) * this.#options.perSecond;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + earned);
    this.#at = now;
  }
}
