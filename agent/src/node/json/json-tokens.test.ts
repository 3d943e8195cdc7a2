import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { JsonSyntaxError, JsonTokens } from './json-tokens.ts';

/** The keys and values of the text, as places in it. */
const read = (...parts: readonly string[]): readonly string[] => {
  const bytes = Buffer.from(parts.join(''));
  const spans: string[] = [];
  const starts: number[] = [];
  const tokens = new JsonTokens({
    keyStart: (at) => starts.push(at),
    valueStart: (at) => starts.push(at),
    keyEnd: (at) => spans.push(bytes.subarray(starts.pop(), at).toString()),
    valueEnd: (at) => spans.push(bytes.subarray(starts.pop(), at).toString()),
  });
  for (const part of parts) tokens.write(Buffer.from(part));
  tokens.end();
  return spans;
};

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

describe('JsonTokens', () => {
  test('tells where keys and values are', () => {
    const text = '{"a":"x\\u0041","b":[1,{"d":true}], "e" : null }';
    const spans = ['"a"', '"x\\u0041"', '"b"', '1', '"d"', 'true', '{"d":true}', '[1,{"d":true}]', '"e"', 'null', text];
    assert.deepEqual(read(text), spans);
    assert.deepEqual(read(...text.split('')), spans);
  });

  for (const text of [
    '',
    '[]',
    '1',
    '"a"',
    'null',
    '{',
    '}',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{"a":1 "b":2}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":tru}',
    '{"a":+1}',
    '{"a":1}{',
    '{"a":1}x',
    '{"a":[1,]}',
    '{"a":[,]}',
    '{"a":[}',
    '{a:1}',
    "{'a':1}",
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\n"}',
    '{"a":NaN}',
    '{"a":"b',
    '{"a":1} \u00a0',
    '\ufeff{}',
    '{"a":--1}',
    '{"a"::1}',
    '{"a":1:2}',
    `{"a":${'['.repeat(600)}${']'.repeat(600)}}`,
    `{"a":${'1'.repeat(4097)}}`,
  ]) {
    test(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => read(text), JsonSyntaxError);
    });
  }

  test('takes what JSON.parse takes for an object and refuses the rest, however it is cut', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"\\u00e9"',
      '1',
      '-0.5e+7',
      'true',
      'null',
      ' ',
      '\n',
      '\\',
      'é',
      '0',
    );
    const noise = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(''));
    const valid = fc
      .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }))
      .map((value) => JSON.stringify(value, null, 1));
    const mutated = fc
      .tuple(valid, fc.nat(), token)
      .map(([text, at, insert]) => text.slice(0, at % text.length) + insert + text.slice(at % text.length));
    fc.assert(
      fc.property(fc.oneof(noise, valid, mutated), fc.nat(), (text, cut) => {
        const at = cut % (text.length + 1);
        let taken = true;
        try {
          read(text.slice(0, at), text.slice(at));
        } catch (error) {
          assert.ok(error instanceof JsonSyntaxError);
          taken = false;
        }
        assert.equal(taken, isObject(text));
      }),
      { numRuns: 3000 },
    );
  });
});
