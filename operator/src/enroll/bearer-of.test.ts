import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerOf } from './bearer-of.ts';

test('a token is found behind Bearer', () => {
  for (const scheme of ['Bearer ', 'bearer ', 'Bearer   ']) {
    assert.equal(bearerOf({ authorization: `${scheme}aa.bb-_.cc` }), 'aa.bb-_.cc');
  }
});

test('what cannot be a service account token never gets to the API server', () => {
  const cases = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer abc',
    'Bearer a.b',
    'Bearer a.b.c.d',
    'Bearer a.b.c d',
    'Bearer a.b.c\n',
    'Bearer a.b.ü',
    'Basic a.b.c',
    `Bearer a.b.${'c'.repeat(8192)}`,
    `Bearer a.b.${'c'.repeat(1_000_000)}`,
  ];
  for (const authorization of cases) {
    const headers = authorization === undefined ? {} : { authorization };
    assert.equal(bearerOf(headers), undefined, String(authorization).slice(0, 40));
  }
});
