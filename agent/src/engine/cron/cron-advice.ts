/**
 * Advice for a text that CronJob's parser, or another cron, takes for a schedule and this agent does not: it says what to write. Undefined if it
 * is nothing of the kind.
 */
export const cronAdvice = (text: string): string | undefined => {
  const [, timeZone, cron] = /^(?:CRON_)?TZ=(\S*)\s*(.*)$/is.exec(text) ?? [];
  if (timeZone !== undefined) {
    return timeZone === '' || !cron
      ? 'the time zone is a field of its own: write it like timeZone: Europe/Berlin and cron: "0 3 * * *"'
      : `the time zone is a field of its own: write timeZone: ${timeZone} and cron: ${JSON.stringify(cron)}`;
  }
  const [, duration] = /^@every(?!\w)\s*(.*)$/is.exec(text) ?? [];
  return duration === undefined ? undefined : everyAdvice(duration);
};

/** Periods that five fields can say, in minutes, with what says them. */
const periods: ReadonlyMap<number, string> = new Map([
  [1, '* * * * *'],
  ...[2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map((minutes): [number, string] => [minutes, `*/${minutes} * * * *`]),
  [60, '0 * * * *'],
  ...[2, 3, 4, 6, 8, 12].map((hours): [number, string] => [hours * 60, `0 */${hours} * * *`]),
  [24 * 60, '0 0 * * *'],
  [7 * 24 * 60, '0 0 * * 0'],
]);

const everyAdvice = (duration: string): string => {
  const minutes = minutesOf(duration);
  const same = minutes === undefined ? undefined : periods.get(minutes);
  if (same !== undefined) return `@every is not known here: write ${same}`;
  if (minutes === undefined)
    return '@every is not known here: write five fields, for instance */10 * * * * for every ten minutes';
  const [shorter] = [...periods].filter(([period]) => period < minutes).toReversed();
  const nearest =
    shorter === undefined ? 'the shortest period is a minute, * * * * *' : `the next shorter period is ${shorter[1]}`;
  return `@every is not known here, and no five fields mean every ${duration}: ${nearest}`;
};

const minutesOfUnit: Readonly<Record<string, number>> = { ms: 1 / 60_000, s: 1 / 60, m: 1, h: 60 };

/** Of a duration as Go writes it, for instance 1h30m; undefined if it is none, or has smaller units than a schedule could follow. */
const minutesOf = (duration: string): number | undefined => {
  // Each match begins where the last one ended, so no digit is read twice.
  const part = /(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h)/y;
  let minutes = 0;
  do {
    const [, amount, unit = ''] = part.exec(duration) ?? [];
    if (amount === undefined) return undefined;
    minutes += Number(amount) * (minutesOfUnit[unit] ?? 0);
  } while (part.lastIndex < duration.length);
  // Of parts such as 1800s, which are no whole numbers in binary.
  return Math.round(minutes * 1e6) / 1e6;
};
