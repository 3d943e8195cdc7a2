import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronJobTimes } from '@nodetask/testbed';
import { cronTrigger } from '../src/engine/cron/cron-trigger.ts';
import * as fc from 'fast-check';

// The cron of a schedule beside the parser that Kubernetes' CronJobs use. Where the two differ by intent is in docs/adr/0003 and 0041.

const count = 6;
const instants = ['2026-01-01T00:00:00Z', '2026-06-15T11:58:59Z', '2027-12-31T23:59:30Z', '2028-02-28T12:00:00Z'];

const ourTimes = (cron: string, after: string): readonly number[] => {
  const trigger = cronTrigger(cron, 'Etc/UTC');
  const times: number[] = [];
  for (let next = Date.parse(after); times.length < count; times.push(next)) next = trigger.next(next);
  return times;
};

/** A field with steps in all forms, among other parts. The names of a field begin at its lowest value. */
const field = (low: number, high: number, names: readonly string[] = []): fc.Arbitrary<string> => {
  const plain = fc.integer({ min: low, max: high });
  const value = fc.oneof(plain.map(String), ...(names.length === 0 ? [] : [fc.constantFrom(...names)]));
  const step = fc.oneof(fc.integer({ min: 1, max: high }), fc.constantFrom(1, 2, 60, 100));
  const range = fc.tuple(plain, plain).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const part = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(value, step).map(([start, by]) => `${start}/${by}`) },
    value,
    range,
    fc.tuple(range, step).map(([from, by]) => `${from}/${by}`),
    fc.tuple(fc.constantFrom('*', '?'), step).map(([star, by]) => `${star}/${by}`),
    fc.constantFrom('*', '?'),
  );
  return fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
};

const months = ['jan', 'FEB', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'Dec'];
const days = ['sun', 'MON', 'tue', 'wed', 'thu', 'Fri', 'sat'];

const expression = fc
  .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12, months), field(0, 6, days))
  .map((fields) => fields.join(' '));

const fixed = [
  '5/15 * * * *',
  '0/5 * * * *',
  '5/15 */2 * * *',
  '0 3/6 * * *',
  '0 0 10/10 * *',
  '0 0 1 2/5 *',
  '0 0 * * 3/2',
  '0 0 * mar/3 fri/1',
  '? ? ? ? ?',
  '?/20 ?/6 ? ? 1/3',
  '0 0 ?/2 * 5',
  '0 0 */1 * 5',
  '0 0 1/1 * 5',
  '59/100 23/24 * * *',
  '7 0 29/1 2 *',
];

test('schedules with steps fire when a CronJob with the same expression does', async () => {
  const random = fc.sample(expression, { numRuns: 400, seed: 41 });
  const questions = [...fixed, ...random].flatMap((cron) =>
    instants.map((after) => ({ cron, timeZone: 'Etc/UTC', after, count })),
  );
  const answers = await cronJobTimes(questions);
  let compared = 0;
  for (const [index, { cron, after }] of questions.entries()) {
    const answer = answers[index];
    assert.ok(answer !== undefined);
    // A date that never comes, which is refused here.
    if ('error' in answer) {
      assert.equal(answer.error, 'it never fires', cron);
      assert.throws(() => cronTrigger(cron), { code: 'invalid-schedule' }, cron);
      continue;
    }
    compared++;
    const expected = answer.times.map((time) => Date.parse(time));
    assert.deepEqual(ourTimes(cron, after).slice(0, expected.length), expected, `${cron} after ${after}`);
  }
  assert.ok(compared > 1_200, `${compared} compared`);
});

test('what a CronJob refuses is refused', async () => {
  const crons = [
    '60/5 * * * *',
    '70/5 * * * *',
    '70-59/5 * * * *',
    '5/0 * * * *',
    '5/ * * * *',
    '/5 * * * *',
    '5/5/5 * * * *',
    '5/-5 * * * *',
    '-5/5 * * * *',
    '5/a * * * *',
    '* 24/2 * * *',
    '* * 0/5 * *',
    '* * 32/1 * *',
    '* * * 0/3 *',
    '* * * 13/1 *',
    '* * * 13-2 *',
    '* * 3-0 * *',
    '* * * mai/2 *',
    '* * * * 7/2',
    '* * * * 8/2',
    '* * * * 9-2',
    '?5 * * * *',
    '@every',
    '@reboot',
  ];
  const answers = await cronJobTimes(
    crons.map((cron) => ({ cron, timeZone: 'Etc/UTC', after: '2026-01-01T00:00:00Z', count })),
  );
  for (const [index, cron] of crons.entries()) {
    assert.ok('error' in (answers[index] ?? {}), `a CronJob takes ${cron}`);
    assert.throws(() => cronTrigger(cron), { code: 'invalid-schedule' }, cron);
  }
});
