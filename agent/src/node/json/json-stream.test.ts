import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { JsonStream, JsonStreamError } from './json-stream.ts';

const read = (...parts: readonly string[]): Record<string, string | undefined> => {
  const members: [string, string | undefined][] = [];
  const stream = new JsonStream((key, value) => members.push([key, value]));
  for (const part of parts) stream.write(part);
  stream.end();
  return Object.fromEntries(members);
};

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

describe('JsonStream', () => {
  test('tells the members of the top object, with values that are strings', () => {
    const text =
      '{"a":"x\\u0041\\n","b":{"a":"inner"},"c":[1,{"d":"e"}],"n":-1.5e3,"t":true,"z":null,"e":{}, "l" : [ ] }';
    assert.deepEqual(read(text), {
      a: 'xA\n',
      b: undefined,
      c: undefined,
      n: undefined,
      t: undefined,
      z: undefined,
      e: undefined,
      l: undefined,
    });
    assert.deepEqual(read(...text.split('')), read(text));
  });

  test('captures no string beyond 256 characters', () => {
    assert.deepEqual(read(`{"a":"${'x'.repeat(256)}","b":"${'x'.repeat(257)}"}`), { a: 'x'.repeat(256), b: undefined });
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
    `{"a":${'1'.repeat(1001)}}`,
  ]) {
    test(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => read(text), JsonStreamError);
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
          assert.ok(error instanceof JsonStreamError);
          taken = false;
        }
        assert.equal(taken, isObject(text));
      }),
      { numRuns: 3000 },
    );
  });
});
