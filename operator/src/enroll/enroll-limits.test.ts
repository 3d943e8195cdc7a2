import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { EnrollLimits, type EnrollRates } from './enroll-limits.ts';

const rates: EnrollRates = {
  inFlight: 2,
  perAddress: { perSecond: 1, burst: 3 },
  perPod: { perSecond: 0.1, burst: 1 },
};

test('so many at the same time, and no more', () => {
  const limits = new EnrollLimits(new FakeClock(), rates);
  assert.deepEqual(
    ['a', 'b', 'c'].map((address) => limits.enter(address)),
    [true, true, false],
  );
  limits.leave();
  assert.ok(limits.enter('c'));
});

test('an address that asks too often has to wait, and nobody else has', async () => {
  const clock = new FakeClock();
  const limits = new EnrollLimits(clock, rates);
  const enter = (address: string): boolean => {
    const entered = limits.enter(address);
    if (entered) limits.leave();
    return entered;
  };
  assert.deepEqual(
    [1, 2, 3, 4].map(() => enter('a')),
    [true, true, true, false],
  );
  assert.ok(enter('b'));
  await clock.advance(1_000);
  assert.deepEqual(
    [1, 2].map(() => enter('a')),
    [true, false],
  );
});

test('a pod gets one certificate after the other', async () => {
  const clock = new FakeClock();
  const limits = new EnrollLimits(clock, rates);
  assert.deepEqual([limits.mayIssue('p'), limits.mayIssue('p'), limits.mayIssue('q')], [true, false, true]);
  await clock.advance(10_000);
  assert.ok(limits.mayIssue('p'));
});
