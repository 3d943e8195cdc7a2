import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeTimings } from './leader-options.ts';

test('rule 20: the times are 15, 10 and 2 s', () => {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = completeTimings();
  assert.deepEqual([leaseDurationMs, renewDeadlineMs, retryPeriodMs], [15_000, 10_000, 2000]);
});

test('times that do not fit together are refused', () => {
  assert.throws(
    () => completeTimings({ renewDeadlineMs: 15_000 }),
    /leaseDurationMs \(15000\) must be more than renewDeadlineMs/,
  );
  assert.throws(() => completeTimings({ retryPeriodMs: 9000 }), /1.2 times retryPeriodMs \(9000\)/);
});
