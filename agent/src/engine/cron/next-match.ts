import type { CronExpression } from './cron-expression.ts';
import type { LocalTime } from './time-zone.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/** 29 February can be eight years away (1896 to 1904, 2096 to 2104). */
const maxYears = 9;

/** Whether a date fits the month and day fields, by CronJob's rule: day of month OR day of week where both are restricted. */
export const matchesDay = (cron: CronExpression, date: Date): boolean => {
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const byMonth = cron.daysOfMonth.has(date.getUTCDate());
  const byWeek = cron.daysOfWeek.has(date.getUTCDay());
  return cron.eitherDay ? byMonth || byWeek : byMonth && byWeek;
};

/** The first matching reading of the clock after `after`, in whole minutes; no time zone comes in. undefined: none in nine years. */
export const nextMatch = (cron: CronExpression, after: LocalTime): LocalTime | undefined => {
  const first = (Math.floor(after / minute) + 1) * minute;
  const firstDay = Math.floor(first / day) * day;
  const end = firstDay + maxYears * 366 * day;
  let midnight = firstDay;
  while (midnight < end) {
    const date = new Date(midnight);
    if (!cron.months.has(date.getUTCMonth() + 1)) {
      midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      continue;
    }
    if (matchesDay(cron, date)) {
      const time = timeOfDay(cron, midnight === firstDay ? first - midnight : 0);
      if (time !== undefined) return midnight + time;
    }
    midnight += day;
  }
  return undefined;
};

/** The first matching time of day at or after `from`, both in milliseconds since midnight. */
const timeOfDay = (cron: CronExpression, from: number): number | undefined => {
  for (const hour of cron.hours) {
    if ((hour + 1) * 60 * minute <= from) continue;
    for (const each of cron.minutes) {
      const time = (hour * 60 + each) * minute;
      if (time >= from) return time;
    }
  }
  return undefined;
};
