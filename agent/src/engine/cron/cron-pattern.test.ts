import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronPattern } from '@nodetask/shared';
import * as fc from 'fast-check';
import { parseCron } from './cron-expression.ts';

/** What people write into a field, right and wrong. */
const value = fc.oneof(
  fc.integer({ min: 0, max: 70 }).map(String),
  fc.constantFrom('*', '?', 'MON', 'jan', 'L', '00', '007', '05'),
);
const part = fc
  .tuple(value, fc.option(value, { nil: undefined }), fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }))
  .map(
    ([from, to, step]) => `${from}${to === undefined ? '' : `-${to}`}${step === undefined ? '' : `/${String(step)}`}`,
  );
const field = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
const fields = fc.tuple(field, field, field, field, field).map((all) => all.join(' '));

test('the API server refuses no cron expression that the agent takes', () => {
  fc.assert(
    fc.property(fields, (text) => {
      if ('minutes' in parseCron(text)) assert.match(text, cronPattern);
    }),
    { numRuns: 5000 },
  );
});

for (const text of [
  '61 * * * *',
  '0 24 * * *',
  '0 0 32 * *',
  '0 0 0 * *',
  '0 0 * 13 *',
  '0 0 * * 8',
  '0 3 * *',
  '0,60 * * * *',
]) {
  test(`the API server refuses ${text}`, () => {
    assert.doesNotMatch(text, cronPattern);
  });
}

for (const text of [
  '*/90 * * * *',
  ' 0  3 * * * ',
  '@daily',
  '5/15 3/6 2/7 jan/3 mon/2',
  '0 22-2 * * 7',
  '05 03 01 01 *',
]) {
  test(`the API server takes ${text}`, () => {
    assert.match(text, cronPattern);
  });
}
