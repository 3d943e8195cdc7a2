import type { CronExpression } from './cron-expression.ts';
import { nextMatch } from './next-match.ts';
import { changeBetween, offsetAt, toInstant } from './time-zone.ts';

const dayAndHour = 25 * 60 * 60_000;

/**
 * The first instant after `after` (both in milliseconds since the epoch) at which the expression fires. Pure.
 *
 * Through daylight-saving changes (docs/adr/0003-cron-next-time.md):
 * - where the expression names hours, each reading of the clock fires once: one that clocks skip fires at the first moment
 *   after the gap, one that they show twice fires the first time;
 * - where every hour matches, it follows real time: every reading that clocks really show fires, each time they show it.
 *
 * undefined: it fires at no time in the next nine years, which parseCron refuses.
 */
export const nextTime = (cron: CronExpression, after: number, timeZone: string): number | undefined =>
  cron.everyHour ? nextReal(cron, after, timeZone) : nextReading(cron, after, timeZone);

const nextReading = (cron: CronExpression, after: number, timeZone: string): number | undefined => {
  let local = nextMatch(cron, after + offsetAt(after, timeZone));
  while (local !== undefined) {
    const instant = toInstant(local, timeZone);
    // Not later: clocks show this reading for the second time, or it fired at the end of the gap.
    if (instant > after) return instant;
    local = nextMatch(cron, local);
  }
  return undefined;
};

const nextReal = (cron: CronExpression, after: number, timeZone: string): number | undefined => {
  let from = after;
  let offset = offsetAt(from, timeZone);
  for (;;) {
    const local = nextMatch(cron, from + offset);
    if (local === undefined) return undefined;
    const candidate = local - offset;
    const horizon = Math.min(candidate, from + dayAndHour);
    if (offsetAt(horizon, timeZone) !== offset) {
      // Look again from the moment of the change on, itself included, with the offset that holds then.
      const change = changeBetween(from, horizon, timeZone);
      from = change - 1;
      offset = offsetAt(change, timeZone);
    } else if (horizon === candidate) {
      return candidate;
    } else {
      // Clocks that are put back replay at most a day. What a later change replays has been looked at, so it can be passed over.
      from = Math.max(horizon, candidate - dayAndHour);
      offset = offsetAt(from, timeZone);
    }
  }
};
