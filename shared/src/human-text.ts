/** Amounts and moments in words for people: status messages, results, columns. Programs read the numbers themselves. */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** "103 kB", "41 GB", "1.2 TB": powers of 1000, as disks and object stores are sold. */
export const bytesText = (bytes: number): string => {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value).toString()} ${byteUnits[unit] ?? 'B'}`;
};

/** "16,350". */
export const countText = (count: number): string => Math.round(count).toLocaleString('en-US');

/** "1 block", "16,350 blocks"; bytes in their own units. */
export const amountText = (amount: number, unit: string): string =>
  unit === 'bytes' ? bytesText(amount) : `${countText(amount)} ${unit}`;

/** "15 s", "3 min", "6 h", "2 days": the largest unit of which there are at least two. */
export const durationText = (seconds: number): string => {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 120) return `${rounded} s`;
  if (rounded < 2 * 3600) return `${Math.round(rounded / 60)} min`;
  if (rounded < 2 * 86_400) return `${Math.round(rounded / 3600)} h`;
  return `${Math.round(rounded / 86_400)} days`;
};

/**
 * "2026-11-30 03:00 Europe/Berlin"; seconds only if they are not zero. A time zone that is not known here counts as UTC.
 * @param time RFC 3339, or milliseconds since the epoch.
 */
export const momentText = (time: string | number, timeZone = 'UTC'): string => {
  const moment = momentIn(time, timeZone);
  return moment === undefined ? String(time) : `${moment.date} ${moment.time} ${moment.zone}`;
};

/** Two moments of one time zone, which stands once, behind the second: its date is left out if it is the day of the first. */
export const momentPair = (first: string, second: string, timeZone = 'UTC'): readonly [string, string] => {
  const [one, two] = [momentIn(first, timeZone), momentIn(second, timeZone)];
  if (one === undefined || two === undefined) return [first, second];
  const day = two.date === one.date ? '' : `${two.date} `;
  return [`${one.date} ${one.time}`, `${day}${two.time} ${two.zone}`];
};

/** A moment as a calendar and a clock in a time zone show it. */
interface Moment {
  readonly date: string;
  readonly time: string;
  readonly zone: string;
}

/** Undefined for what is no time. */
const momentIn = (time: string | number, timeZone: string): Moment | undefined => {
  const at = new Date(time);
  const parts = partsIn(at, timeZone) ?? partsIn(at, 'UTC');
  if (parts === undefined) return undefined;
  return {
    date: parts.date,
    time: parts.time.endsWith(':00') ? parts.time.slice(0, 5) : parts.time,
    zone: parts.zone === 'Etc/UTC' ? 'UTC' : parts.zone,
  };
};

const partsIn = (at: Date, zone: string): Moment | undefined => {
  try {
    const options = { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' } as const;
    // Sweden writes dates as ISO 8601 does.
    const [date = '', time = ''] = new Intl.DateTimeFormat('sv-SE', options).format(at).split(' ');
    return { date, time, zone };
  } catch {
    return undefined;
  }
};

/** Cut in the middle, so that the ordinal of a pod and the beginning of its name stay: "archive-…-12". */
export const middleCut = (text: string, max: number): string => {
  if (text.length <= max) return text;
  const tail = Math.max(3, Math.floor((max - 1) / 3));
  return `${text.slice(0, max - 1 - tail)}\u2026${text.slice(-tail)}`;
};
