import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { unifiedDiff } from './unified-diff.ts';

const limits = { bytes: 100_000, lineCharacters: 1000 };

describe('unifiedDiff', () => {
  test('shows a change with its context', () => {
    assert.equal(
      unifiedDiff('1\n2\n3\n4\n5\n6\n', '1\n2\n3\nX\n5\n6\n', limits),
      '@@ -2,5 +2,5 @@\n 2\n 3\n-4\n+X\n 5\n 6\n',
    );
  });
  test('nothing, added to nothing, removed to nothing', () => {
    assert.equal(unifiedDiff('a\n', 'a\n', limits), '');
    assert.equal(unifiedDiff('', 'a\n', limits), '@@ -0,0 +1,1 @@\n+a\n');
    assert.equal(unifiedDiff('a\n', '', limits), '@@ -1,1 +0,0 @@\n-a\n');
  });
  test('is cut at its limits and says so', () => {
    const diff = unifiedDiff('x\n', `${'y'.repeat(500)}\n`.repeat(50), { bytes: 1000, lineCharacters: 100 });
    assert.ok(Buffer.byteLength(diff) < 1100);
    assert.match(diff, /\+y{99}…\n/);
    assert.match(diff, /diff cut at 1000 bytes\)\n$/);
  });
  test('says what leads from one text to the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(
          before.map((line) => `${line}\n`).join(''),
          after.map((line) => `${line}\n`).join(''),
          limits,
        );
        assert.deepEqual(applyDiff(before, diff), after);
      }),
      { numRuns: 500 },
    );
  });
});

/** What `patch` does. */
const applyDiff = (before: readonly string[], diff: string): readonly string[] => {
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(0, -1)) {
    const header = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/.exec(line);
    if (header !== null) {
      const start = Number(header[1]) - (header[2] === '0' ? 0 : 1);
      while (at < start) result.push(before[at++] ?? '');
    } else if (line.startsWith('+')) {
      result.push(line.slice(1));
    } else {
      assert.equal(before[at], line.slice(1));
      if (line.startsWith(' ')) result.push(line.slice(1));
      at++;
    }
  }
  return [...result, ...before.slice(at)];
};
