import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError } from './line-splitter.ts';
import { parseWatchEvent } from './watch-event.ts';

const metadata = { name: 'a', uid: 'u', resourceVersion: '7' };

test('reads events, bookmarks and errors', () => {
  assert.deepEqual(parseWatchEvent(JSON.stringify({ type: 'ADDED', object: { metadata } })), {
    type: 'ADDED',
    object: { metadata },
  });
  assert.deepEqual(
    parseWatchEvent(JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } })),
    {
      type: 'BOOKMARK',
      resourceVersion: '9',
    },
  );
  const expired = parseWatchEvent(
    JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }),
  );
  assert.ok(expired.type === 'ERROR');
  assert.equal(expired.error.code, 410);
  assert.match(expired.error.message, /Expired: too old/);
});

test('refuses what is no event, and says what it was', () => {
  const refused = [
    '',
    '{"type":"ADDED","object":{"metad',
    'null',
    '7',
    '{}',
    '{"type":"NEWS","object":{}}',
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":{"metadata":{"name":"a","uid":"u"}}}',
    '{"type":"BOOKMARK","object":{"metadata":{}}}',
  ];
  for (const line of refused) {
    assert.throws(
      () => parseWatchEvent(line),
      (error) => error instanceof StreamError && error.message.includes(line),
      line,
    );
  }
});

test('an ERROR without a Status is an error all the same', () => {
  const event = parseWatchEvent('{"type":"ERROR"}');
  assert.ok(event.type === 'ERROR');
  assert.equal(event.error.code, 500);
});
