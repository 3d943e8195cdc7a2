import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peerAddress } from './peer-address.ts';

const id = 'Ab'.repeat(20);
const node = id.toLowerCase();

describe('a peer of the params', () => {
  for (const [given, written] of [
    [`${id}@sentry:26656`, `${node}@sentry:26656`],
    [`tcp://${id}@sentry.example.com:1`, `${node}@sentry.example.com:1`],
    [`tcp://${id}@sentry:26656/`, `${node}@sentry:26656`],
    [`mconn://${id}@10.0.0.1:65535`, `${node}@10.0.0.1:65535`],
    [`${id}@[2001:db8::1]:26656`, `${node}@[2001:db8::1]:26656`],
  ] as const) {
    it(`is taken as ${given}, and written as a node knows it`, () => {
      assert.equal(peerAddress.parse(given), written);
      assert.equal(peerAddress.parse(written), written);
    });
  }

  for (const [what, given] of [
    ['an id of 41 digits', `${id}a@h:1`],
    ['an id of 39 digits', `${id.slice(1)}@h:1`],
    ['an id behind 0x', `0x${id}@h:1`],
    ['no id', 'h:26656'],
    ['an id alone', id],
    ['no port', `${id}@h`],
    ['a port of six digits', `${id}@h:026656`],
    ['a path', `${id}@h:1/x`],
    ['a query', `${id}@h:1?x`],
    ['a scheme behind the id', `${id}@tcp://h:1`],
    ['a web address behind the id', `${id}@http://h:1`],
    ['a space before it', ` ${id}@h:1`],
    ['a space in it', `${id} @h:1`],
    ['a comma behind it', `${id}@h:1,`],
    ['a list with a space after the comma', `${id}@h:1, ${id}@g:1`],
    ['no host', `${id}@:1`],
    ['nothing', ''],
  ] as const) {
    it(`is refused with ${what}, and the shape is said`, () => {
      assert.match(
        peerAddress.safeParse(given).error?.message ?? 'accepted',
        /must be <40 hexadecimal digits>@<host>:<port>, .*one in each entry/,
      );
    });
  }
});
