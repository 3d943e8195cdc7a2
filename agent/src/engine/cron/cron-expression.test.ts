import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCron } from './cron-expression.ts';

const faultsOf = (text: string): readonly { field: string; value: string; message: string }[] => {
  const parsed = parseCron(text);
  assert.ok(!('minutes' in parsed), `${text} was accepted`);
  assert.ok(parsed.length > 0);
  return parsed;
};

const either = (text: string): boolean => {
  const parsed = parseCron(text);
  assert.ok('minutes' in parsed);
  return parsed.eitherDay;
};

describe('parseCron', () => {
  for (const text of [
    '* * * * *',
    '*/5 0-6,12 1,15 JAN-MAR MON-FRI',
    '0 0 * * 7',
    '0 0 ? * 1',
    '0 22-2 * * *',
    '  0   3 * * *  ',
    '0\t3 * * *',
    '@hourly',
    '@Daily',
    '@weekly',
    '@monthly',
    '@yearly',
    '0 0 29 2 *',
    '5/15 3/6 2/7 jan/3 mon/2',
    '? ? ? ? ?',
    '?/2 * ?/2 ? *',
    '0 0 31 4 MON', // no 31 April, but every Monday of April
  ]) {
    it(`accepts ${JSON.stringify(text)}`, () => {
      assert.ok('minutes' in parseCron(text));
    });
  }

  for (const [text, field] of [
    ['', 'expression'],
    ['* * * *', 'expression'],
    ['0 * * * * *', 'expression'],
    ['@every 5s', 'expression'],
    ['@reboot', 'expression'],
    ['TZ=UTC 0 0 * * *', 'expression'],
    ['CRON_TZ=UTC @daily', 'expression'],
    ['60 * * * *', 'minute'],
    ['60/5 * * * *', 'minute'],
    ['5/0 * * * *', 'minute'],
    ['0 24/2 * * *', 'hour'],
    ['0 0 * 0/3 *', 'month'],
    ['0 0 * * 7/2', 'dayOfWeek'],
    ['*/0 * * * *', 'minute'],
    ['0 24 * * *', 'hour'],
    ['0 0 32 * *', 'dayOfMonth'],
    ['0 0 0 * *', 'dayOfMonth'],
    ['0 0 * 13 *', 'month'],
    ['0 0 * FOO *', 'month'],
    ['0 0 * * 8', 'dayOfWeek'],
    ['0 0 L * *', 'dayOfMonth'],
    ['0 0 15W * *', 'dayOfMonth'],
    ['0 0 * * 5#2', 'dayOfWeek'],
    ['0 0 * * 5L', 'dayOfWeek'],
    ['0 0 31 2 *', 'dayOfMonth'],
    ['0 0 30 FEB *', 'dayOfMonth'],
    ['0 0 31 4,6,9,11 *', 'dayOfMonth'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} and names ${field}`, () => {
      assert.deepEqual(
        faultsOf(text).map((fault) => fault.field),
        [field],
      );
    });
  }

  for (const [text, wanted] of [
    ['TZ=Europe/Berlin 0 3 * * *', 'write timeZone: Europe/Berlin and cron: "0 3 * * *"'],
    [' CRON_TZ=Asia/Kathmandu  @daily ', 'write timeZone: Asia/Kathmandu and cron: "@daily"'],
    ['TZ=UTC', 'write it like timeZone: Europe/Berlin and cron: "0 3 * * *"'],
    ['TZ= 0 3 * * *', 'write it like timeZone: Europe/Berlin'],
    ['@every 10m', 'write */10 * * * *'],
    ['@every 1m', 'write * * * * *'],
    ['@every 60s', 'write * * * * *'],
    ['@Every 1h0m0s', 'write 0 * * * *'],
    ['@every 0.5h', 'write */30 * * * *'],
    ['@every 12h', 'write 0 */12 * * *'],
    ['@every 24h', 'write 0 0 * * *'],
    ['@every 168h', 'write 0 0 * * 0'],
    ['@every 1h30m', 'no five fields mean every 1h30m: the next shorter period is 0 * * * *'],
    ['@every 7m', 'no five fields mean every 7m: the next shorter period is */6 * * * *'],
    ['@every 5s', 'no five fields mean every 5s: the shortest period is a minute, * * * * *'],
    ['@every day', 'write five fields, for instance */10 * * * *'],
    ['@every', 'write five fields'],
    ['0,,30 * * * *', 'has an empty part: write 0,30'],
    ['0 ,3 * * *', 'has an empty part: write 3'],
    ['0 0 * * ,', 'has an empty part: write *'],
    ['+5 * * * *', 'has a plus sign: write 5'],
    ['0 */+6 * * *', 'has a plus sign: write */6'],
    ['*-5 * * * *', 'has a range that begins with a star: write * for every value, or a range a-b'],
    ['0 0 * * 7/2', 'begins with 7, which is Sunday once more: write 0/2'],
    ['5/0 * * * *', 'steps */n, a/n or a-b/n'],
  ] as const) {
    it(`says of ${JSON.stringify(text)} what to write`, () => {
      const faults = faultsOf(text);
      assert.equal(faults.length, 1);
      assert.ok(faults[0]?.message.includes(wanted), String(faults[0]?.message));
    });
  }

  it('takes each expression that its messages name', () => {
    for (const text of ['@every 1h30m', '@every 7m', '@every 5s', '@every 8h', '@every day', 'TZ=UTC 0 3 * * *']) {
      const [named] = /(?:[*\d/]+ ){4}[*\d/]+/.exec(faultsOf(text)[0]?.message ?? '') ?? [];
      assert.ok('minutes' in parseCron(named ?? ''), `${text}: ${String(named)}`);
    }
  });

  it('names every field at fault', () => {
    assert.deepEqual(
      faultsOf('60 24 32 13 8').map((fault) => fault.field),
      ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'],
    );
  });

  it('joins the day fields by OR only where both are restricted; a star with a step restricts', () => {
    assert.equal(either('0 0 13 * 5'), true);
    assert.equal(either('0 0 */2 * 5'), true);
    assert.equal(either('0 0 * * 5'), false);
    assert.equal(either('0 0 ? * 5'), false);
    assert.equal(either('0 0 13 * *'), false);
  });
});
