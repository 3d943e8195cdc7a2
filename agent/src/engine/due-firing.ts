import type { CronTrigger } from './cron/cron-trigger.ts';

/** The firing of a cron schedule that is due: all that were missed have become one. */
export interface DueFiring {
  /** When the newest of them was due, in milliseconds since the epoch. */
  readonly at: number;
  /** How many older ones it stands for; counted up to a thousand. */
  readonly superseded: number;
}

const maxCounted = 1000;

/**
 * Collapses the firings from `dueAt` (one of them) to `now` into the newest. Pure.
 */
export const dueFiring = (trigger: CronTrigger, dueAt: number, now: number): DueFiring => {
  let at = dueAt;
  for (let superseded = 0; superseded < maxCounted; superseded++) {
    const next = trigger.next(at);
    if (next > now) return { at, superseded };
    at = next;
  }
  return { at: newest(trigger, at, now), superseded: maxCounted };
};

/** The newest firing in [known, now], where `known` is one: looks back from now, each time twice as far. */
const newest = (trigger: CronTrigger, known: number, now: number): number => {
  for (let back = 60_000; now - back > known; back *= 2) {
    let at = trigger.next(now - back);
    if (at > now) continue;
    for (let next = trigger.next(at); next <= now; next = trigger.next(at)) at = next;
    return at;
  }
  return known;
};
