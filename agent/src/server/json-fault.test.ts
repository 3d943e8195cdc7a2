import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as check, integer, json, jsonValue, property } from 'fast-check';
import { findJsonFault, isDeeperThan } from './json-fault.ts';

const faults: readonly [text: string, line: number, column: number, expected: string][] = [
  ['', 1, 1, 'a value'],
  ['{', 1, 2, 'a name in double quotes, or }'],
  ['{"a" 1}', 1, 6, ':'],
  ['{"a": }', 1, 7, 'a value'],
  ['[1, 2', 1, 6, ', or ]'],
  ['[1 2]', 1, 4, ', or ]'],
  ['[1,]', 1, 4, 'a value'],
  ["{'a': 1}", 1, 2, 'a name in double quotes, or }'],
  ['{"a": 01}', 1, 7, 'a value'],
  ['{"a": tru}', 1, 7, 'a value'],
  ['{"a": "\u0001"}', 1, 7, 'a value'],
  ['{}{}', 1, 3, 'the end'],
  ['{\n\n  "a": 1\n  "b": 2\n}', 4, 3, ', or }'],
];

for (const [text, line, column, expected] of faults) {
  test(`${JSON.stringify(text)}: line ${String(line)}, column ${String(column)}`, () => {
    assert.deepEqual(findJsonFault(text), { line, column, expected });
  });
}

test('property: JSON has no fault, and what JSON.parse refuses has one', () => {
  check(
    property(json(), integer(), integer({ min: 0, max: 127 }), (text, where, code) => {
      assert.equal(findJsonFault(text), undefined);
      const at = Math.abs(where) % (text.length + 1);
      const broken = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      let isJSON = true;
      try {
        JSON.parse(broken);
      } catch {
        isJSON = false;
      }
      assert.equal(findJsonFault(broken) === undefined, isJSON, broken);
    }),
    { numRuns: 2000 },
  );
});

test('property: depth counts brackets outside of strings', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  check(
    property(jsonValue(), (value) => {
      const depth = depthOf(value);
      const text = JSON.stringify({ text: '[{"\\', value });
      assert.equal(isDeeperThan(text, depth), true);
      assert.equal(isDeeperThan(text, depth + 1), false);
    }),
  );
});
