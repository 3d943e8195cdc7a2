// Kills one process again and again with SIGKILL, at random moments of its life, and starts it again.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Victim {
  readonly name: string;
  kill(): Promise<unknown>;
  /** Resolves when it serves again. */
  start(): Promise<void>;
}

export interface KillerOptions {
  readonly victim: Victim;
  readonly random: () => number;
  /** Longest life after a start, in milliseconds; the moment is uniform in it, start-up included. */
  readonly longestLifeMs: number;
  /** Asked before each kill; false ends the killer. Counts the kill where it answers true. */
  readonly mayKill: () => boolean;
}

export class Killer {
  readonly #options: KillerOptions;
  #struck = Promise.withResolvers<void>();

  constructor(options: KillerOptions) {
    this.#options = options;
  }

  /** The next kill comes in `delayMs`, or earlier. For kills in the middle of a task, which uniform moments seldom hit. */
  strike(delayMs: number): void {
    setTimeout(this.#struck.resolve, delayMs);
  }

  /** Resolves, with the victim running, when no more may be killed. */
  async run(): Promise<void> {
    const { victim, random, longestLifeMs, mayKill } = this.#options;
    let starting = Promise.resolve();
    for (;;) {
      const ready = starting.then(
        () => true,
        // Killed before it served: what the kill was meant to do.
        () => false,
      );
      this.#struck = Promise.withResolvers();
      await Promise.race([sleep(random() * longestLifeMs), this.#struck.promise]);
      if (!mayKill()) {
        if (!(await ready)) throw new Error(`${victim.name} did not come back`);
        return;
      }
      await victim.kill();
      await ready;
      starting = victim.start();
    }
  }
}
