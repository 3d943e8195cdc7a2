import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('doubles from the first wait to the longest, and begins anew after a reset', () => {
  const backoff = new Backoff({ initialMs: 800, maxMs: 30_000, random: () => 0 });
  const waits = Array.from({ length: 8 }, () => backoff.next());
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  backoff.reset();
  assert.equal(backoff.next(), 800);
});

test('adds up to half of the wait at random', () => {
  const backoff = new Backoff({ initialMs: 1000, maxMs: 1000, random: () => 0.999 });
  const wait = backoff.next();
  assert.ok(wait > 1490 && wait < 1500, String(wait));
});
