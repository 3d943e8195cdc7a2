import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CacheBudget, sizeOf } from './cache-budget.ts';

test('a budget has room for so much and no more, and for what becomes smaller always', () => {
  const budget = new CacheBudget(100);
  assert.ok(budget.exchange(0, 60));
  assert.ok(!budget.exchange(0, 41));
  assert.ok(budget.exchange(0, 40));
  assert.ok(!budget.exchange(40, 41));
  assert.ok(budget.exchange(60, 10));
  assert.ok(budget.exchange(0, 50));
});

test('the estimate is of the order of what the objects take', () => {
  assert.equal(sizeOf('abcd'), 28);
  assert.equal(sizeOf({}), 56);
  assert.equal(sizeOf({ a: [1, null] }), 56 + 25 + 32 + 16);
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
  assert.equal(sizeOf(deep), 32 * 100_000);
});
