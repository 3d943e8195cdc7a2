import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { maxValues, parseForeignJSON, TooManyValuesError } from './foreign-json.ts';
import { parsePageOfOne } from './page-of-one.ts';

const parse = (text: string): unknown => parseForeignJSON(Buffer.from(text));
const parsePage = (text: string, isWhole = true): unknown => parsePageOfOne(Buffer.from(text), isWhole);

test('whatever JSON.parse reads is read alike', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.deepEqual(parse(text), JSON.parse(text));
    }),
  );
});

const manyObjects = `[${Array.from({ length: maxValues }, () => '{}').join()}]`;

test('a text with more values than memory has room for is refused before it is parsed', () => {
  assert.throws(() => parse(manyObjects), TooManyValuesError);
  // Even if it is no JSON: JSON.parse would say so only after it has made all the values.
  assert.throws(() => parse('['.repeat(maxValues + 1)), TooManyValuesError);
});

test('brackets and commas within strings are no values', () => {
  const text = JSON.stringify([`"${'[{,'.repeat(maxValues)}`, '\\', '\\"']);
  assert.deepEqual(parse(text), JSON.parse(text));
});

test('a page of one object leads on even if its object holds too many values', () => {
  const metadata = { resourceVersion: '7', continue: 'next"}', remainingItemCount: 3 };
  const more = { kind: 'PodList', apiVersion: 'v1' };
  for (const text of [
    `{"metadata":${JSON.stringify(metadata)},"items":[{"metadata":{"name":"a"},"x":${manyObjects}}]}`,
    `{"items":[{"metadata":{"name":"a"},"x":${manyObjects}}],"kind":"metadata","metadata" : ${JSON.stringify(metadata)}}`,
  ]) {
    assert.deepEqual(parsePage(text), { metadata, items: [null] });
  }
  const page = { ...more, metadata, items: [{ metadata: { name: 'a' } }] };
  assert.deepEqual(parsePage(JSON.stringify(page)), page);
});

test('a page of one object with no readable metadata says nothing', () => {
  assert.deepEqual(parsePage(manyObjects), { metadata: {}, items: [null] });
  assert.throws(() => parsePage(`{"metadata":${manyObjects}}`), TooManyValuesError);
});

test('the start of a page of one object leads on, as the API server sends pods', () => {
  const metadata = { resourceVersion: '7', continue: 'next' };
  const start = `{"kind":"PodList","apiVersion":"v1","metadata":${JSON.stringify(metadata)},"items":[{"metadata":{"name":"a`;
  assert.deepEqual(parsePage(start, false), { metadata, items: [null] });
  assert.deepEqual(parsePage('{"items":[{"metadata":{"name":"a"},', false), { metadata: {}, items: [null] });
});
