const second = 1000;
const dayAndHalf = 36 * 60 * 60 * second;

/**
 * A local time of day and date, as the milliseconds that the same reading would be in UTC. Arithmetic on it needs no zone.
 */
export type LocalTime = number;

/** Formatters take about 40 µs to make and 2 µs to use. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const maxFormatters = 64;

const formatter = (timeZone: string): Intl.DateTimeFormat => {
  const cached = formatters.get(timeZone);
  if (cached !== undefined) return cached;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  if (formatters.size >= maxFormatters) formatters.clear();
  formatters.set(timeZone, made);
  return made;
};

/** Whether Intl knows the IANA time zone. Offsets such as +02:00 are none: they know no daylight-saving time. */
export const isTimeZone = (timeZone: string): boolean => {
  if (!/^[A-Za-z]/u.test(timeZone)) return false;
  try {
    formatter(timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

/** Local time minus UTC in milliseconds, at an instant (whole seconds). */
export const offsetAt = (instant: number, timeZone: string): number => {
  if (timeZone === 'Etc/UTC' || timeZone === 'UTC') return 0;
  const whole = Math.floor(instant / second) * second;
  // "MM/DD/YYYY, HH:MM:SS"; formatToParts costs three times as much.
  const text = formatter(timeZone).format(whole);
  const local = Date.UTC(
    Number(text.slice(6, 10)),
    Number(text.slice(0, 2)) - 1,
    Number(text.slice(3, 5)),
    Number(text.slice(12, 14)),
    Number(text.slice(15, 17)),
    Number(text.slice(18, 20)),
  );
  return local - whole;
};

/**
 * The instant of the change of offset in (from, to], where the offsets at both ends differ.
 * Zones do not change twice within the three days that callers look at.
 */
export const changeBetween = (from: number, to: number, timeZone: string): number => {
  const before = offsetAt(from, timeZone);
  let low = from;
  let high = to;
  while (high - low > second) {
    const middle = low + Math.floor((high - low) / 2);
    if (offsetAt(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return Math.floor(high / second) * second;
};

/**
 * The instant at which clocks show a local time: of a reading that they show twice the first, of a reading that they skip the
 * first moment after the gap.
 */
export const toInstant = (local: LocalTime, timeZone: string): number => {
  const about = local - offsetAt(local, timeZone);
  const from = about - dayAndHalf;
  const to = about + dayAndHalf;
  const before = offsetAt(from, timeZone);
  const after = offsetAt(to, timeZone);
  const early = local - Math.max(before, after);
  if (before === after || offsetAt(early, timeZone) === local - early) return early;
  const late = local - Math.min(before, after);
  return offsetAt(late, timeZone) === local - late ? late : changeBetween(from, to, timeZone);
};
