import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amountOf } from './amount-of.ts';

test('a number is itself, a percentage is rounded down', () => {
  const cases: readonly [number | string, number, number][] = [
    [3, 10, 3],
    ['25%', 10, 2],
    ['99%', 100, 99],
    ['10%', 9, 0],
    ['29%', 100, 29],
    ['100%', 7, 7],
    ['0%', 7, 0],
  ];
  for (const [amount, total, expected] of cases)
    assert.equal(amountOf(amount, total), expected, `${amount} of ${total}`);
});
