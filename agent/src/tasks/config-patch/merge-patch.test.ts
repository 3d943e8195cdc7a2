import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DocumentTable } from '../../node/document-value.ts';
import { parseJsonObject } from '../../node/json/parse-json.ts';
import { formatOf } from './document-format.ts';
import { mergePatch, removeKeys } from './merge-patch.ts';

const json = formatOf('genesis.json');
const toml = formatOf('app.toml');

const merge = (document: DocumentTable, patch: Record<string, unknown>, format = toml): DocumentTable =>
  mergePatch(document, patch, format).document;

describe('RFC 7386, appendix A (documents and patches that are objects)', () => {
  const cases: readonly (readonly [document: string, patch: string, result: string])[] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    // The examples of section 3 and of the RFC's own text.
    ['{"a":"b","c":{"d":"e","f":"g"}}', '{"a":"z","c":{"f":null}}', '{"a":"z","c":{"d":"e"}}'],
    ['{"a":"foo"}', '{"a":{"x":null,"y":1}}', '{"a":{"y":1}}'],
  ];
  for (const [document, patch, result] of cases) {
    test(`${document} + ${patch}`, () => {
      const merged = merge(parseJsonObject(document, 'd'), JSON.parse(patch) as Record<string, unknown>, json);
      assert.deepEqual(merged, parseJsonObject(result, 'r'));
    });
  }
});

describe('a number takes the type of what it replaces', () => {
  const cases: readonly (readonly [what: string, old: DocumentTable, patch: unknown, result: unknown])[] = [
    ['integer', { v: 5n }, 7, 7n],
    ['float', { v: 1.5 }, 7, 7],
    ['float, from text', { v: 1.5 }, '2.25', 2.25],
    ['string', { v: '100' }, 7, '7'],
    ['string, fraction', { v: '100' }, 7.5, '7.5'],
    ['nothing, whole', {}, 7, 7n],
    ['nothing, fraction', {}, 7.5, 7.5],
    ['list of floats', { v: [1, 2] }, [3, 4, 5], [3, 4, 5]],
    ['list of integers', { v: [1n] }, [3, '9223372036854775807'], [3n, 9223372036854775807n]],
    ['list of strings', { v: ['a'] }, [3, 'x'], ['3', 'x']],
    ['list of tables', { v: [{ f: 1, i: 1n }] }, [{ f: 2, i: 3, n: 4 }], [{ f: 2, i: 3n, n: 4n }]],
    ['digits over an integer', { v: 5n }, '9223372036854775807', 9223372036854775807n],
    ['negative digits over an integer', { v: 5n }, '-9223372036854775808', -9223372036854775808n],
    ['digits over a string', { v: 'x' }, '5', '5'],
    ['digits over nothing', {}, '5', '5'],
    ['an empty list', { v: [] }, ['x', 1], ['x', 1n]],
    ['list of several kinds', { v: [1n, 'a', 2, 3n] }, ['x', true, 5, '7'], ['x', true, 5, 7n]],
    ['list of lists', { v: [['a', 'b']] }, [['c', 1], []], [['c', '1'], []]],
    ['the largest safe integer', { v: 5n }, Number.MAX_SAFE_INTEGER, 9007199254740991n],
  ];
  for (const [what, old, patch, result] of cases) {
    test(what, () => assert.deepEqual(merge(old, { v: patch }), { v: result }));
  }

  for (const [what, old, patch, message] of [
    ['an unsafe number', 5n, 2 ** 53, /v is 9007199254740992, beyond ±\(2\^53-1\).*as a string/],
    ['an unsafe number over a float', 1.5, 1e300, /beyond/],
    ['an unsafe number in a list', [1n], [2 ** 60], /v\.0 is/],
    [
      'a fraction over an integer',
      5n,
      1.5,
      /v is an integer, and the patch gives a float: give an integer, or remove v/,
    ],
    ['a number over a boolean', true, 1, /^app\.toml: v is true or false, and the patch gives an integer: give/],
    ['a text over an integer', 5n, '10s', /v is an integer, and the patch gives a text/],
    ['a text over a float', 1.5, 'many', /v is a float, and the patch gives a text/],
    ['a text over a boolean', true, 'true', /v is true or false, and the patch gives a text/],
    ['a boolean over a text', 'x', true, /v is a text, and the patch gives true or false/],
    ['a number over a date', new Date(0), 1, /v is a date/],
    ['a text over a date', new Date(0), 'x', /v is a date/],
    ['a text over a list', ['a'], 'a', /v is a list, and the patch gives a text: give a list/],
    ['a list over a text', 'a', ['a'], /v is a text, and the patch gives a list:/],
    ['a table over a text', 'a', { x: 1 }, /v is a text, and the patch gives a table:/],
    ['a text over a table', { x: 1n }, 'a', /v is a table, and the patch gives a text/],
    ['a list over a table', { x: 1n }, [], /v is a table, and the patch gives a list/],
    ['an item of another kind', [1n, 2n], [1, 'x'], /v\.1 is an integer, and the patch gives a text/],
    ['an item of another kind beyond the end', ['a'], ['b', true], /v\.1 is a text/],
    ['a table in a list of texts', ['a'], [{ x: 1 }], /v\.0 is a text, and the patch gives a table/],
    ['a text in a table of a list', [{ x: 1n }], [{ x: 'y' }], /v\.0\.x is an integer/],
    ['more than 64 bits', 5n, '9223372036854775808', /64 bits/],
    ['infinity', 1.5, Number.POSITIVE_INFINITY, /finite/],
    ['text that is infinite over a float', 1.5, '1e999', /no 64-bit float/],
    ['null in a list', ['a'], [null], /TOML has no null/],
    ['a lone surrogate', 'x', '\uD800', /Unicode/],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => merge({ v: old }, { v: patch }), { code: 'patch-invalid', message });
    });
  }
});

test('a genesis is patched as RFC 7386 has it, whatever the kinds', () => {
  assert.deepEqual(merge({ v: 5n, w: ['a'] }, { v: 'x', w: { y: true } }, json), { v: 'x', w: { y: true } });
});

test('a refusal shows the values of public keys, and cuts long ones', () => {
  assert.throws(() => merge({ 'halt-height': 5n }, { 'halt-height': 'x'.repeat(200) }), {
    message: /halt-height is an integer \(5\), and the patch gives a text \("x{50,98}\u2026\): give an integer/,
  });
});

test('a refusal shows no value of a key that is not public', () => {
  const old = { 'tx-index': { 'psql-conn': 'postgres://u:pw@h/db', mine: 'pw' }, pruning: 'http://u:pw@h' };
  for (const patch of [{ 'tx-index': { 'psql-conn': true } }, { 'tx-index': { mine: true } }, { pruning: true }]) {
    assert.throws(
      () => merge(old, patch),
      (error: Error) => {
        assert.match(error.message, /is a text, and the patch gives true or false(?: \(true\))?: give a text/);
        return true;
      },
    );
  }
});

describe('spelling', () => {
  test('a key follows the spelling of the file, and the result says so', () => {
    const sei = mergePatch({ p2p: { 'persistent-peers': '' } }, { p2p: { persistent_peers: 'x' } }, toml);
    assert.deepEqual(sei.document, { p2p: { 'persistent-peers': 'x' } });
    assert.deepEqual(sei.respelled, { 'p2p.persistent_peers': 'p2p.persistent-peers' });
    assert.deepEqual(merge({ tx_index: { a: 1n } }, { 'tx-index': { a: 2 } }), { tx_index: { a: 2n } });
  });
  test('a key in another case is the same key to the node, and is the one that is changed', () => {
    const found = mergePatch({ p2p: { Pex: false } }, { p2p: { pex: true } }, toml);
    assert.deepEqual(found.document, { p2p: { Pex: true } });
    assert.deepEqual(found.respelled, { 'p2p.pex': 'p2p.Pex' });
    // Of two the node reads the one with a capital letter.
    assert.deepEqual(merge({ moniker: 'a', Moniker: 'b' }, { moniker: 'c' }), { moniker: 'a', Moniker: 'c' });
    assert.deepEqual(merge({ Pex: false }, { pex: true }, json), { Pex: false, pex: true });
  });
  test('a removal finds a key in another case', () => {
    assert.deepEqual(removeKeys({ p2p: { Pex: false } }, [['p2p', 'pex']], toml).document, { p2p: {} });
  });
  test('an exact key wins over a similar one', () => {
    assert.deepEqual(merge({ 'a-b': 1n, a_b: 2n }, { a_b: 3 }), { 'a-b': 1n, a_b: 3n });
  });
  test('refuses a key that two similar ones could mean, and two that mean one', () => {
    assert.throws(() => merge({ 'a-b-c': 1n, a_b_c: 2n }, { 'a-b_c': 3 }), /a-b-c and a_b_c/);
    assert.throws(() => merge({ a_b: 1n }, { 'a-b': 2, a_b: 3 }), /same key/);
  });
  test('a genesis is taken at its word', () => {
    assert.deepEqual(merge({ a_b: 1n }, { 'a-b': 2 }, json), { a_b: 1n, 'a-b': 2n });
  });
});

describe('removeKeys', () => {
  const document = { p2p: { seeds: 'a', 'max-connections': 1n }, list: [{ a: 1n }] };
  test('removes keys and sections by either spelling, and leaves missing ones', () => {
    const result = removeKeys(
      document,
      [
        ['p2p', 'max_connections'],
        ['p2p', 'nothing'],
        ['no', 'way'],
      ],
      toml,
    );
    assert.deepEqual(result.document, { p2p: { seeds: 'a' }, list: [{ a: 1n }] });
  });
  test('refuses a path into a list', () => {
    assert.throws(() => removeKeys(document, [['list', '0']], toml), /list is a list/);
  });
});
