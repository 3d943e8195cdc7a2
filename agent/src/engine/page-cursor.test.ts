import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeCursor, encodeCursor, pageLimit } from './page-cursor.ts';
import { refusal } from '../../test/support/engine/harness.ts';

it('a cursor comes back as the sequence that it was made of', () => {
  for (const sequence of [1, 42, 999_999_999_999]) assert.equal(decodeCursor(encodeCursor(sequence)), sequence);
});

it('anything else is refused, naming the cursor', () => {
  for (const cursor of ['', 'x', encodeCursor(-1), encodeCursor(1.5), Buffer.from('1; DROP').toString('base64url')]) {
    assert.match(refusal('invalid-request', () => decodeCursor(cursor)).message, /cursor/u);
  }
});

it('a page has 100 results where the caller does not say, and never more than 500', () => {
  assert.equal(pageLimit(), 100);
  assert.equal(pageLimit(7), 7);
  assert.equal(pageLimit(100_000), 500);
});
