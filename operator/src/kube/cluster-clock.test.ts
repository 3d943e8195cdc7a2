import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { silentLogger } from '@nodetask/shared';
import { ClusterClock } from './cluster-clock.ts';

const minuteMs = 60_000;

const setUp = () => {
  const own = new FakeClock();
  const clock = new ClusterClock(own, silentLogger);
  const answer = (aheadMs: number, tookMs = 20): void => {
    clock.sees(new Date(own.now() + aheadMs).toUTCString(), tookMs);
  };
  return { own, clock, answer, ahead: () => clock.now() - own.now() };
};

test('the time of the API server counts if the own clock is minutes off, and goes on between its answers', async () => {
  const { own, clock, answer, ahead } = setUp();
  answer(10 * minuteMs);
  assert.ok(Math.abs(ahead() - 10 * minuteMs) <= 1_000, String(ahead()));
  const before = clock.now();
  await own.advance(5_000);
  assert.equal(clock.now() - before, 5_000);
  answer(-10 * minuteMs);
  assert.ok(Math.abs(ahead() + 10 * minuteMs) <= 1_000, String(ahead()));
  // Somebody sets the own clock right.
  own.jump(-10 * minuteMs);
  answer(0);
  assert.equal(ahead(), 0);
});

test('a difference of less than two seconds is none: a Date has whole seconds', () => {
  const { answer, ahead } = setUp();
  for (const aheadMs of [1_400, -1_400, 0]) {
    answer(aheadMs);
    assert.equal(ahead(), 0);
  }
});

test('an answer that took long, or has no Date that can be read, says nothing', () => {
  const { clock, answer, ahead } = setUp();
  answer(10 * minuteMs, 2_001);
  for (const date of [undefined, 'yesterday', ['Mon, 30 Nov 2026 12:00:00 GMT']]) clock.sees(date, 20);
  assert.equal(ahead(), 0);
});
