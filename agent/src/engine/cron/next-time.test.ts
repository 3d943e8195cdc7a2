import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { matchesDay } from './next-match.ts';
import { type CronExpression, parseCron } from './cron-expression.ts';
import { nextTime } from './next-time.ts';
import { offsetAt } from './time-zone.ts';

const parse = (text: string): CronExpression => {
  const parsed = parseCron(text);
  assert.ok('minutes' in parsed, `${text}: ${JSON.stringify(parsed)}`);
  return parsed;
};

/** The next `count` firings after `after`, in RFC 3339 without seconds. */
const firings = (text: string, timeZone: string, after: string, count: number): string[] => {
  const cron = parse(text);
  const times: string[] = [];
  let time: number | undefined = Date.parse(after);
  for (let index = 0; index < count; index++) {
    time = nextTime(cron, time, timeZone);
    assert.ok(time !== undefined);
    times.push(new Date(time).toISOString().slice(0, 16));
  }
  return times;
};

describe('nextTime', () => {
  it('is strictly after the given time, on a whole minute', () => {
    assert.deepEqual(firings('* * * * *', 'Etc/UTC', '2026-01-01T00:00:00.000Z', 1), ['2026-01-01T00:01']);
    assert.deepEqual(firings('* * * * *', 'Etc/UTC', '2026-01-01T00:00:59.999Z', 1), ['2026-01-01T00:01']);
    assert.deepEqual(firings('0 3 * * *', 'Europe/Berlin', '2026-01-10T02:00:00.000Z', 1), ['2026-01-11T02:00']);
  });

  it('matches by day of month OR day of week where both are restricted', () => {
    assert.deepEqual(firings('0 0 13 * 5', 'Etc/UTC', '2026-02-01T00:00:00Z', 5), [
      '2026-02-06T00:00',
      '2026-02-13T00:00',
      '2026-02-20T00:00',
      '2026-02-27T00:00',
      '2026-03-06T00:00',
    ]);
  });

  it('finds 29 February across a century without a leap year', () => {
    assert.deepEqual(firings('0 0 29 2 *', 'Etc/UTC', '2096-02-29T00:00:00Z', 1), ['2104-02-29T00:00']);
  });

  it('fires a daily 02:30 that clocks skip once, at the first moment after the gap', () => {
    assert.deepEqual(firings('30 2 * * *', 'America/New_York', '2026-03-07T00:00:00Z', 3), [
      '2026-03-07T07:30',
      '2026-03-08T07:00',
      '2026-03-09T06:30',
    ]);
  });

  it('fires once at the end of the gap where several readings in it, and its end, match', () => {
    assert.deepEqual(firings('*/30 2,3 * * *', 'America/New_York', '2026-03-08T05:00:00Z', 3), [
      '2026-03-08T07:00',
      '2026-03-08T07:30',
      '2026-03-09T06:00',
    ]);
  });

  it('fires a daily 01:30 that clocks show twice once, the first time', () => {
    assert.deepEqual(firings('30 1 * * *', 'America/New_York', '2026-11-01T00:00:00Z', 2), [
      '2026-11-01T05:30',
      '2026-11-02T06:30',
    ]);
    assert.deepEqual(
      firings('30 1 * * *', 'America/New_York', '2026-11-01T06:10:00Z', 1),
      ['2026-11-02T06:30'],
      'asked from within the second showing',
    );
  });

  it('fires */30 every real half hour through both changes', () => {
    assert.deepEqual(firings('*/30 * * * *', 'America/New_York', '2026-03-08T06:00:00Z', 4), [
      '2026-03-08T06:30',
      '2026-03-08T07:00',
      '2026-03-08T07:30',
      '2026-03-08T08:00',
    ]);
    assert.deepEqual(firings('*/30 * * * *', 'America/New_York', '2026-11-01T04:45:00Z', 6), [
      '2026-11-01T05:00',
      '2026-11-01T05:30',
      '2026-11-01T06:00',
      '2026-11-01T06:30',
      '2026-11-01T07:00',
      '2026-11-01T07:30',
    ]);
  });

  it('fires on a day that a zone leaves out, at the first moment after it', () => {
    // Samoa had no 30 December 2011.
    assert.deepEqual(firings('0 12 30 12 *', 'Pacific/Apia', '2011-12-01T00:00:00Z', 1), ['2011-12-30T10:00']);
  });

  it('takes a year of minutes of a fast schedule, and a rare one, quickly', () => {
    const rare = parse('0 0 29 2 *');
    const started = performance.now();
    for (let index = 0; index < 100; index++) nextTime(rare, Date.UTC(2096, 2, 1), 'Europe/Berlin');
    assert.ok(performance.now() - started < 1000, 'under 10 ms each');
  });
});

/** Looks at every minute, one by one: what nextTime must agree with. */
const oracle = (cron: CronExpression, after: number, timeZone: string, limit: number): number | undefined => {
  const minute = 60_000;
  const matches = (local: number): boolean => {
    const date = new Date(local);
    return (
      cron.minutes.includes(date.getUTCMinutes()) && cron.hours.includes(date.getUTCHours()) && matchesDay(cron, date)
    );
  };
  for (let time = (Math.floor(after / minute) + 1) * minute; time <= limit; time += minute) {
    const offset = offsetAt(time, timeZone);
    const previous = offsetAt(time - minute, timeZone);
    const local = time + offset;
    if (cron.everyHour) {
      if (matches(local)) return time;
      continue;
    }
    // Readings that clocks skip right before this minute count here.
    for (let skipped = local - (offset - previous); skipped < local; skipped += minute)
      if (matches(skipped)) return time;
    if (!matches(local)) continue;
    // The second showing: some moment of the last day showed the same reading.
    let shownBefore = false;
    for (let back = minute; back <= 25 * 60 * minute && !shownBefore; back += minute) {
      shownBefore = time - back + offsetAt(time - back, timeZone) === local;
    }
    if (!shownBefore) return time;
  }
  return undefined;
};

const zones = [
  'Etc/UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe', // 30 minutes
  'America/Havana', // at midnight
  'Asia/Beirut', // to midnight
  'Africa/Casablanca', // suspends it in Ramadan
  'Asia/Kathmandu', // +05:45
] as const;

/** Within three days of a change of offset of some zone. */
const nearChanges = fc
  .tuple(
    fc.constantFrom(
      '2026-03-08T07:00Z',
      '2026-11-01T06:00Z',
      '2026-03-29T01:00Z',
      '2026-10-25T01:00Z',
      '2026-04-04T15:00Z',
      '2026-10-03T15:30Z',
      '2026-03-28T22:00Z',
      '2026-10-24T21:00Z',
      '2026-02-15T02:00Z',
      '2026-03-22T02:00Z',
    ),
    fc.integer({ min: -1500, max: 1500 }),
    fc.integer({ min: 0, max: 59_999 }),
  )
  .map(([change, minutes, ms]) => Date.parse(change) + minutes * 60_000 + ms);

const minuteField = fc.oneof(
  fc.constantFrom('*', '*/30', '*/7', '0,15,45', '10-20/5'),
  fc.integer({ min: 0, max: 59 }).map(String),
);
const hourField = fc.oneof(
  fc.constantFrom('*', '*/2', '0-3', '22-23,0-1'),
  fc.integer({ min: 0, max: 23 }).map(String),
);
const domField = fc.oneof(
  { weight: 3, arbitrary: fc.constant('*') },
  fc.constantFrom('1', '*/2', '1,8,25,29', '28-31'),
);
const dowField = fc.oneof({ weight: 3, arbitrary: fc.constant('*') }, fc.constantFrom('SUN', '0,6', '1-5', '7'));

describe('nextTime against a minute-by-minute oracle', () => {
  it('agrees around daylight-saving changes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        nearChanges,
        minuteField,
        hourField,
        domField,
        dowField,
        (timeZone, after, minutes, hours, daysOfMonth, daysOfWeek) => {
          const cron = parse(`${minutes} ${hours} ${daysOfMonth} * ${daysOfWeek}`);
          const limit = after + 3 * 24 * 60 * 60_000;
          const expected = oracle(cron, after, timeZone, limit);
          const actual = nextTime(cron, after, timeZone);
          if (expected === undefined) assert.ok(actual !== undefined && actual > limit);
          else assert.equal(actual, expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});
