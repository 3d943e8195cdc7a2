import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatPeerAddress, parsePeerAddress, splitList } from './peer-address.ts';

const id = 'aB'.repeat(20);

test('addresses are read and written', () => {
  for (const [text, host, port] of [
    [`${id}@10.1.2.3:26656`, '10.1.2.3', 26656],
    [` tcp://${id}@sentry-0.sentry.sei.svc:1 `, 'sentry-0.sentry.sei.svc', 1],
    [`mconn://${id}@[2001:db8::1]:65535`, '2001:db8::1', 65535],
    [`tcp://${id}@host:26656/`, 'host', 26656],
  ] as const) {
    assert.deepEqual(parsePeerAddress(text), { id: id.toLowerCase(), host, port });
  }
  assert.equal(formatPeerAddress({ id, host: '2001:db8::1', port: 2 }), `${id}@[2001:db8::1]:2`);
  assert.deepEqual(splitList(' a, b,,c ,'), ['a', 'b', 'c']);
});

test('what is no address is none', () => {
  for (const text of [
    '',
    'host:1',
    `${id}@host`,
    `${id}@host:0`,
    `${id}@host:65536`,
    `${id}@:1`,
    `${id}@2001:db8::1:26656`,
    `${id}@[host]:1`,
    `${id}@[10.0.0.1]:1`,
    `${id}@a,b:1`,
    `${id.slice(1)}@host:1`,
    `${id}@host:1/x`,
    `${id}@host:1//`,
    `${id}@tcp://host:1`,
    `${id}a@host:1`,
  ]) {
    assert.equal(parsePeerAddress(text), undefined, text);
  }
});

test('reading what was written gives the same', () => {
  const peer = fc.record(
    {
      id: fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 40, maxLength: 40 }),
      host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
      port: fc.integer({ min: 1, max: 65_535 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(peer, (one) => {
      assert.deepEqual(parsePeerAddress(formatPeerAddress(one)), one);
    }),
  );
});
