import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { applyPatchBody } from './apply-patch-body.ts';

test('is the same object to a reader of JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (object) => {
      assert.deepEqual(JSON.parse(applyPatchBody(object)), JSON.parse(JSON.stringify(object)));
    }),
  );
});

test('holds no character that YAML reads otherwise', () => {
  const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join('');
  const body = applyPatchBody({ all });
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(body, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\\ud[89a-f]/);
  assert.equal(applyPatchBody({ key: 'ä€😀\ud800' }), '{"key":"ä€😀\ufffd"}');
});
