import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxValues } from './foreign-json.ts';
import type { KubeObject } from './kube-object.ts';
import { StreamError } from './split-lines.ts';
import { parseWatchEvent, type WatchEvent } from './watch-event.ts';

const parse = (line: string): WatchEvent<KubeObject> => parseWatchEvent(Buffer.from(line));

const metadata = { name: 'a', uid: 'u', resourceVersion: '7' };

test('reads events, bookmarks and errors', () => {
  assert.deepEqual(parse(JSON.stringify({ type: 'ADDED', object: { metadata } })), {
    type: 'ADDED',
    object: { metadata },
  });
  assert.deepEqual(parse(JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } })), {
    type: 'BOOKMARK',
    resourceVersion: '9',
  });
  const expired = parse(
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
    '{"type":"BOOKMARK","object":{"metadata":{}}}',
    '{"type":"BOOKMARK","object":null}',
  ];
  for (const line of refused) {
    assert.throws(
      () => parse(line),
      (error) => error instanceof StreamError && error.message.includes(line),
      line,
    );
  }
});

test('an object that cannot be read is told apart from a stream that cannot', () => {
  const unreadable = [
    '{"type":"ADDED"}',
    '{"type":"MODIFIED","object":null}',
    '{"type":"DELETED","object":[]}',
    '{"type":"ADDED","object":{"metadata":null}}',
    '{"type":"ADDED","object":{"metadata":{"name":"a","uid":"u"}}}',
    '{"type":"ADDED","object":{"metadata":{"name":["a"],"uid":"u","resourceVersion":"7"}}}',
    `{"type":"ADDED","object":{"metadata":{"name":"${'a'.repeat(254)}","uid":"u","resourceVersion":"7"}}}`,
    `{"type":"ADDED","object":{"metadata":${JSON.stringify(metadata)},"x":[${'{},'.repeat(maxValues)}{}]}}`,
  ];
  for (const line of unreadable) {
    const event = parse(line);
    assert.equal(event.type, 'UNREADABLE', line.slice(0, 200));
    assert.ok(event.why.length < 400);
  }
});

test('an ERROR whose members are of no use is an error all the same', () => {
  const event = parse('{"type":"ERROR","object":{"code":"1","reason":{"toString":1},"message":null}}');
  assert.ok(event.type === 'ERROR');
  assert.deepEqual([event.error.code, event.error.reason], [500, 'Unknown']);
});

test('an ERROR without a Status is an error all the same', () => {
  const event = parse('{"type":"ERROR"}');
  assert.ok(event.type === 'ERROR');
  assert.equal(event.error.code, 500);
});
