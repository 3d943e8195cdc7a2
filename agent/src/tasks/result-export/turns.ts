import { abortable } from '../../node/abortable.ts';

/** Lets one at a time go on, in the order in which they asked. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when all before have released their turns. Rejects if the signal aborts first. Call the answer to release; more than once is no error. */
  async take(signal: AbortSignal): Promise<() => void> {
    const before = this.#last;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.#last = before.then(() => released);
    try {
      await abortable(before, signal);
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }
}
