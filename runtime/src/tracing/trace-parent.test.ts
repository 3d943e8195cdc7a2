import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computedTraceParent, formatTraceParent, inTraceOf, parseTraceParent } from './trace-parent.ts';

test('a traceparent is read and written as the standard has it', () => {
  const text = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const place = { traceID: '0af7651916cd43dd8448eb211c80319c', spanID: 'b7ad6b7169203331', sampled: true };
  assert.deepEqual(parseTraceParent(text), place);
  assert.equal(formatTraceParent(place), text);
  assert.equal(parseTraceParent(text.replace(/01$/, '02'))?.sampled, false);
});

for (const text of [
  '',
  '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\nx',
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
]) {
  test(`${JSON.stringify(text)} is no traceparent`, () => {
    assert.equal(parseTraceParent(text), undefined);
  });
}

test('the same names are the same place, other names another', () => {
  assert.equal(computedTraceParent('a', 'b'), computedTraceParent('a', 'b'));
  assert.notEqual(computedTraceParent('a', 'b'), computedTraceParent('ab'));
  assert.ok(parseTraceParent(computedTraceParent('a')) !== undefined);
});

test('a span in another trace keeps its id', () => {
  const trace = computedTraceParent('a');
  const place = computedTraceParent('b');
  const moved = parseTraceParent(inTraceOf(trace, place));
  assert.equal(moved?.traceID, parseTraceParent(trace)?.traceID);
  assert.equal(moved?.spanID, parseTraceParent(place)?.spanID);
});
