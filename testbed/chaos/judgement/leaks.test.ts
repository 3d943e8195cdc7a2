import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitHoldings, type Holdings } from './leaks.ts';

const holdings = (counts: Readonly<Record<string, number>>): Holdings =>
  new Map(Object.entries(counts).map(([what, count]) => [what, { count, origins: ['made here'] }]));

/** Counts in turn, the last one for ever. */
const counting = (...counts: readonly Readonly<Record<string, number>>[]): (() => Promise<Holdings>) => {
  let next = 0;
  return () => Promise.resolve(holdings(counts[Math.min(next++, counts.length - 1)] ?? {}));
};

const options = { kept: 0, timeoutMs: 50, intervalMs: 1, log: () => undefined };
const before = holdings({ 'a: socket': 1 });

test('what is above in every count is not let go, and named with where it was made', async () => {
  assert.deepEqual(await awaitHoldings(before, counting({ 'a: socket': 3 }, { 'a: socket': 2 }), options), [
    'a: socket: 2 instead of 1; made here',
  ]);
  assert.deepEqual(await awaitHoldings(before, counting({ 'a: own Timeout': 1 }), options), [
    'a: own Timeout: 1 instead of 0; made here',
  ]);
});

test('what is above for a moment, always another, is not a leak', async () => {
  const moments = counting({ 'a: socket': 2 }, { 'b: socket': 1 }, { 'a: socket': 2 });
  assert.deepEqual(await awaitHoldings(before, moments, options), []);
});

test('what connections take may be more by `kept`, what the program itself makes may not', async () => {
  const more = counting({ 'a: socket': 3, 'a: own Timeout': 1 });
  assert.deepEqual(await awaitHoldings(before, more, { ...options, kept: 2 }), [
    'a: own Timeout: 1 instead of 0; made here',
  ]);
});
