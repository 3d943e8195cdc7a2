import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { TokenBucket } from './token-bucket.ts';

test('gives a burst, then so many a second', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ perSecond: 2, burst: 3, clock });
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take(), bucket.take()], [true, true, true, false]);
  await clock.advance(500);
  assert.deepEqual([bucket.take(), bucket.take()], [true, false]);
});

test('reserve says when the token is due', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock });
  assert.deepEqual([bucket.reserve(), bucket.reserve(), bucket.reserve()], [0, 100, 200]);
  await clock.advance(60_000);
  assert.equal(bucket.reserve(), 0, 'never more than the burst is saved');
  assert.equal(bucket.reserve(), 100);
});
