import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { taskID } from '../task-id.ts';
import { uid } from '../testing/fixtures.ts';
import { backoffMs } from './retry-backoff.ts';

const policy = { backoffSeconds: 10, maxBackoffSeconds: 300 };
const first = '00000000-0000-5000-8000-000000000000';
const last = 'ffffffff-0000-5000-8000-000000000000';

const of = (pod: string, attempt: number): number =>
  backoffMs(policy, attempt, taskID({ nodeTaskUID: uid, runID: undefined, pod, attempt }));

test('doubles with each attempt up to the most', () => {
  const seconds = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoffMs(policy, attempt, first) / 1000);
  assert.deepEqual(seconds, [10, 20, 40, 80, 160, 300, 300, 300]);
});

test('is shortened by a quarter at most', () => {
  assert.equal(backoffMs(policy, 1, last), 7_500);
});

test('never exceeds the most, also where the first pause would', () => {
  assert.equal(backoffMs({ backoffSeconds: 60, maxBackoffSeconds: 5 }, 1, first), 5_000);
});

test('is spread over the targets, and the same whoever reckons it', () => {
  const pauses = Array.from({ length: 50 }, (_, n) => of(`sei-${n}`, 1));
  assert.ok(new Set(pauses).size > 45, 'targets that failed together are not tried again together');
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 101 }), (pod, attempt) => {
      const pause = of(pod, attempt);
      const full = Math.min(300, 10 * 2 ** (attempt - 1)) * 1000;
      assert.ok(pause >= full * 0.75 && pause <= full, `${pause}`);
      assert.equal(of(pod, attempt), pause);
    }),
  );
});
