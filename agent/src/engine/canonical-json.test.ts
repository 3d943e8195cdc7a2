import assert from 'node:assert/strict';
import { it } from 'node:test';
import { canonicalJson } from './canonical-json.ts';

it('the order of keys does not matter, that of lists does; undefined is absence', () => {
  const one = canonicalJson({ b: 1, a: { d: [1, { y: 1, x: undefined }], c: null } });
  assert.equal(one, '{"a":{"c":null,"d":[1,{"y":1}]},"b":1}');
  assert.equal(canonicalJson({ a: { c: null, d: [1, { y: 1 }] }, b: 1, e: undefined }), one);
  assert.notEqual(canonicalJson({ a: [1, 2] }), canonicalJson({ a: [2, 1] }));
});
