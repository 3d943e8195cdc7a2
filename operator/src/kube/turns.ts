import { abortable } from './deadline.ts';

/** Gives out turns, one after the other. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Waits until all former turns are over; this one is when it is disposed. @throws the reason of `signal`. */
  async take(signal: AbortSignal): Promise<Disposable> {
    const former = this.#last;
    const over = Promise.withResolvers<void>();
    this.#last = former.then(async () => over.promise);
    try {
      await abortable(former, signal);
    } catch (error) {
      over.resolve();
      throw error;
    }
    return {
      [Symbol.dispose]: () => {
        over.resolve();
      },
    };
  }
}
