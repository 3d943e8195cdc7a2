/** Runs jobs beside each other, so many at once and holding so many bytes in all. After the first failure none begins any more. */
export class JobPool {
  readonly #maxJobs: number;
  readonly #maxBytes: number;
  readonly #running = new Set<Promise<void>>();
  #bytes = 0;
  #failure: Error | undefined;

  constructor(limits: { readonly jobs: number; readonly bytes: number }) {
    this.#maxJobs = limits.jobs;
    this.#maxBytes = limits.bytes;
  }

  /** Begins a job as soon as there is room, and answers its end. Rejects with the first failure of any job. */
  async add(bytes: number, job: () => Promise<void>): Promise<{ readonly end: Promise<void> }> {
    while (this.#running.size >= this.#maxJobs || (this.#running.size > 0 && this.#bytes + bytes > this.#maxBytes)) {
      await Promise.race(this.#running);
    }
    this.#throwFailure();
    this.#bytes += bytes;
    const end = this.#run(bytes, job);
    this.#running.add(end);
    end.finally(() => this.#running.delete(end)).catch(() => undefined);
    return { end };
  }

  /** Resolves when every job has ended; rejects then with the first failure. */
  async drain(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  /** The same, without the failure. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Never rejects: a failure is kept for whoever asks next. */
  async #run(bytes: number, job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#bytes -= bytes;
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
