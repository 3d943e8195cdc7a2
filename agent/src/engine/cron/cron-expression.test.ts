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
    ['60 * * * *', 'minute'],
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

  it('names every field at fault', () => {
    assert.deepEqual(
      faultsOf('60 24 32 13 8').map((fault) => fault.field),
      ['minute', 'hour', 'dayOfMonth', 'dayOfWeek', 'month'],
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
