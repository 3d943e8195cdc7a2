export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly random: () => number;
}

/** The wait before try n+1: doubles from `initialMs` to `maxMs`, plus up to half of it so that clients do not come back together. */
export class Backoff {
  readonly #options: BackoffOptions;
  #baseMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#baseMs = options.initialMs;
  }

  next(): number {
    const base = this.#baseMs;
    this.#baseMs = Math.min(base * 2, this.#options.maxMs);
    return base * (1 + this.#options.random() / 2);
  }

  reset(): void {
    this.#baseMs = this.#options.initialMs;
  }
}
