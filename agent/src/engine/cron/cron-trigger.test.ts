import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { cronTrigger, validateCron } from './cron-trigger.ts';

describe('validateCron', () => {
  it('accepts an expression with or without a time zone', () => {
    validateCron('*/5 * * * *');
    validateCron('@daily', 'Asia/Kathmandu');
  });

  for (const [cron, timeZone, field] of [
    ['', undefined, 'expression'],
    ['0 25 * * *', undefined, 'hour "25"'],
    ['0 0 30 2 *', undefined, 'dayOfMonth "30"'],
    ['@daily', 'Europe/Atlantis', 'timeZone "Europe/Atlantis"'],
    ['@daily', '', 'timeZone ""'],
  ] as const) {
    it(`refuses ${JSON.stringify(cron)} in ${timeZone ?? 'UTC'} and names ${field}`, () => {
      assert.throws(
        () => {
          validateCron(cron, timeZone);
        },
        (error) => error instanceof TaskError && error.code === 'invalid-schedule' && error.message.includes(field),
      );
    });
  }
});

describe('cronTrigger', () => {
  it('names the place in the request', () => {
    for (const [cron, timeZone, path] of [
      ['x', 'Etc/UTC', 'async.schedule.cron'],
      ['@daily', 'x', 'async.schedule.timeZone'],
    ] as const) {
      assert.throws(
        () => cronTrigger(cron, timeZone, 'async.schedule.cron'),
        (error) => error instanceof TaskError && JSON.stringify(error.details).includes(`"path":"${path}"`),
      );
    }
  });

  it('is in UTC where nothing else is said, whatever the zone of the machine', () => {
    assert.equal(cronTrigger('0 3 * * *').next(Date.parse('2026-01-01T00:00:00Z')), Date.parse('2026-01-01T03:00:00Z'));
  });
});
