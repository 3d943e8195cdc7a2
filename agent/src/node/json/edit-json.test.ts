import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { type DocumentValue, sameValue, type ValueEdit, withEdit } from '../document-value.ts';
import { editJson } from './edit-json.ts';
import { parseJsonObject } from './parse-json.ts';

const set = (path: string, value: DocumentValue): ValueEdit => ({ path: path.split('.'), value });
const remove = (path: string): ValueEdit => ({ path: path.split('.') });

describe('editJson', () => {
  const pretty = '{\n  "a": 1,\n  "big": 123456789012345678901234567890,\n  "o": {\n    "x": 1.0\n  },\n  "e": {}\n}\n';
  for (const [what, before, edits, after] of [
    ['nothing', pretty, [], pretty],
    ['a value', pretty, [set('a', 2n)], pretty.replace('"a": 1', '"a": 2')],
    [
      'an integer beyond 2^53',
      pretty,
      [set('big', 2n ** 64n)],
      pretty.replace('123456789012345678901234567890', '18446744073709551616'),
    ],
    ['a new key', pretty, [set('o.y', true)], pretty.replace('"x": 1.0', '"x": 1.0,\n    "y": true')],
    ['a new key in an empty object', pretty, [set('e.y', null)], pretty.replace('{}', '{\n    "y": null\n  }')],
    [
      'a nested value',
      pretty,
      [set('a', { k: [1n, {}] })],
      pretty.replace('"a": 1', '"a": {\n    "k": [\n      1,\n      {}\n    ]\n  }'),
    ],
    ['a first key removed', pretty, [remove('a')], pretty.replace('"a": 1,\n  ', '')],
    ['a last key removed', pretty, [remove('e')], pretty.replace(',\n  "e": {}', '')],
    ['an only key removed', pretty, [remove('o.x')], pretty.replace('{\n    "x": 1.0\n  }', '{}')],
    [
      'a compact document',
      '{"a":1,"b":"}\\"{"}',
      [set('c', [1n, 'x']), set('a', 2n)],
      '{"a":2,"b":"}\\"{","c":[1,"x"]}',
    ],
    ['an empty document', '{}', [set('a', 1n)], '{"a":1}'],
    ['tabs', '{\n\t"a": 1\n}', [set('b', { c: 1n })], '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 1\n\t}\n}'],
  ] as const) {
    test(what, () => assert.equal(editJson(before, edits, 'genesis.json'), after));
  }

  test('refuses a key that is there twice, and what is no object', () => {
    assert.throws(() => editJson('{"a":1,"a":2}', [set('a', 3n)], 'g.json'), {
      code: 'file-invalid',
      message: /2 times/,
    });
    assert.throws(() => parseJsonObject('[1]', 'g.json'), { code: 'file-invalid' });
  });

  test('names file and line of what is not JSON, and quotes nothing of it', () => {
    assert.throws(
      () => parseJsonObject('{\n  "priv_key": "s3cr3t",\n  oops\n}', 'g.json'),
      (error: Error) => error.message.startsWith('g.json:3:3: not JSON') && !error.message.includes('s3cr3t'),
    );
  });

  test('gives the intended document at random', () => {
    const key = fc.constantFrom('a', 'b', '', 'c"d', '\\', '{', '}', 'constructor');
    const scalar = fc.oneof(
      fc.bigInt(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
    );
    const leaf: fc.Arbitrary<DocumentValue> = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 3 }),
      fc.dictionary(key, scalar, { maxKeys: 3, noNullPrototype: true }),
    );
    const edit = fc.record({
      path: fc.array(key, { minLength: 1, maxLength: 3 }),
      value: fc.option(leaf, { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(pretty, '{"a":{"b":[{"a":1}]},"":2}', '{}', '{ }'),
        fc.array(edit, { maxLength: 6 }),
        (text, edits) => {
          const wanted = edits.map(({ path, value }): ValueEdit => (value === undefined ? { path } : { path, value }));
          const intended = wanted.reduce(withEdit, parseJsonObject(text, 'x'));
          assert.ok(sameValue(parseJsonObject(editJson(text, wanted, 'x'), 'x'), intended));
        },
      ),
      { numRuns: 500 },
    );
  });
});
