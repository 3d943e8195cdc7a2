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

/** Resolves, with the victim running, when no more may be killed. */
export const killAtRandom = async ({ victim, random, longestLifeMs, mayKill }: KillerOptions): Promise<void> => {
  let starting = Promise.resolve();
  for (;;) {
    const ready = starting.then(
      () => true,
      // Killed before it served: what the kill was meant to do.
      () => false,
    );
    await sleep(random() * longestLifeMs);
    if (!mayKill()) {
      if (!(await ready)) throw new Error(`${victim.name} did not come back`);
      return;
    }
    await victim.kill();
    await ready;
    starting = victim.start();
  }
};
