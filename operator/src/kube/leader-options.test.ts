import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeTimings } from './leader-options.ts';

test('rule 20: the times are 15, 10 and 2 s', () => {
  const { leaseDurationMs, renewDeadlineMs, renewPeriodMs } = completeTimings();
  assert.deepEqual([leaseDurationMs, renewDeadlineMs, renewPeriodMs], [15_000, 10_000, 2000]);
});

test('times that do not fit together are refused', () => {
  assert.throws(
    () => completeTimings({ renewDeadlineMs: 15_000 }),
    /leaseDurationMs \(15000\) must be more than renewDeadlineMs/,
  );
  assert.throws(() => completeTimings({ renewPeriodMs: 9000 }), /1.2 times renewPeriodMs \(9000\)/);
});
