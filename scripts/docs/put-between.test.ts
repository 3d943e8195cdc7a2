import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putBetween } from './put-between.ts';

test('puts text between its marks, and again in the place of that', () => {
  const page = '# a\n\n<!-- b -->\n<!-- /b -->\n\nc\n\n<!-- d -->\n<!-- /d -->\n';
  const once = putBetween(page, 'b', '$1 | x');
  assert.equal(once, '# a\n\n<!-- b -->\n\n$1 | x\n\n<!-- /b -->\n\nc\n\n<!-- d -->\n<!-- /d -->\n');
  assert.equal(putBetween(once, 'b', '$1 | x'), once);
});

test('does not lose it where there are none', () => {
  assert.throws(() => putBetween('# a\n<!-- b -->\n', 'b', 'c'), /no <!-- b -->/);
});
