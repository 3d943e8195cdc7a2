import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as z from 'zod';
import { asyncSchema, scheduleSchema, scheduleUpdateSchema } from './schedule.ts';

const accepts = (schema: z.ZodType, given: unknown, parsed = given): void => {
  it(`accepts ${JSON.stringify(given)}`, () => {
    assert.deepEqual(schema.parse(given), parsed);
  });
};

const refuses = (schema: z.ZodType, given: unknown, message: RegExp): void => {
  it(`refuses ${JSON.stringify(given)}`, () => {
    assert.match(schema.safeParse(given).error?.message ?? 'accepted', message);
  });
};

describe('a schedule', () => {
  accepts(scheduleSchema, { cron: '0 3 * * *' });
  accepts(scheduleSchema, { cron: '@daily', timeZone: 'Europe/Berlin', startingDeadlineSeconds: 60, suspend: true });
  accepts(scheduleSchema, { blockHeight: 198_030_000, startingDeadlineSeconds: 60 });
  refuses(scheduleSchema, {}, /give exactly one of cron and blockHeight/);
  refuses(scheduleSchema, { cron: '@daily', blockHeight: 1 }, /give exactly one of cron and blockHeight/);
  refuses(scheduleSchema, { blockHeight: 1, timeZone: 'Etc/UTC' }, /timeZone goes with cron only/);
  refuses(scheduleSchema, { cron: '' }, /cron/);
  refuses(scheduleSchema, { blockHeight: 0 }, /blockHeight/);
  refuses(scheduleSchema, { blockHeight: '7' }, /blockHeight/);
  refuses(scheduleSchema, { cron: '@daily', startingDeadlineSeconds: 0 }, /startingDeadlineSeconds/);
  refuses(scheduleSchema, { cron: '@daily', every: '5m' }, /every/);
});

describe('an update of a schedule', () => {
  accepts(scheduleUpdateSchema, { cron: '@hourly' });
  accepts(scheduleUpdateSchema, { startingDeadlineSeconds: null, suspend: false, timeZone: 'Etc/UTC' });
  refuses(scheduleUpdateSchema, {}, /give at least one of/);
  refuses(scheduleUpdateSchema, { blockHeight: 1 }, /blockHeight/);
  refuses(scheduleUpdateSchema, { cron: null }, /cron/);
});

describe('async', () => {
  accepts(asyncSchema, { schedule: { cron: '@daily' } });
  accepts(asyncSchema, { daemon: {} }, { daemon: { restartPolicy: 'OnFailure' } });
  accepts(asyncSchema, { daemon: { restartPolicy: 'Never' } });
  refuses(asyncSchema, {}, /give exactly one of schedule and daemon/);
  refuses(asyncSchema, { schedule: { cron: '@daily' }, daemon: {} }, /give exactly one of schedule and daemon/);
  refuses(asyncSchema, { daemon: { restartPolicy: 'Always' } }, /restartPolicy/);
  refuses(asyncSchema, { schedule: {} }, /give exactly one of cron and blockHeight/);
});
