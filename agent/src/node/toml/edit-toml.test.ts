import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import { type DocumentTable, type DocumentValue, sameValue, type ValueEdit, withEdit } from '../document-value.ts';
import { editToml } from './edit-toml.ts';
import { scanToml } from './scan-toml.ts';

const edit = (text: string, ...edits: ValueEdit[]): Promise<string> => editToml(text, edits, 'config.toml');
const set = (path: string, value: DocumentValue): ValueEdit => ({ path: path.split('.'), value });
const remove = (path: string): ValueEdit => ({ path: path.split('.') });

describe('editToml by hand', () => {
  const cases: readonly (readonly [what: string, before: string, edits: readonly ValueEdit[], after: string])[] = [
    ['no edit', 'a=1', [], 'a=1'],
    [
      'a 64-bit integer',
      'a = 9223372036854775807 # max\n',
      [set('a', 9223372036854775806n)],
      'a = 9223372036854775806 # max\n',
    ],
    ['a float keeps its point', 'f = 1.0\n', [set('f', 2)], 'f = 2.0\n'],
    ['floats in a list keep theirs', 'f = [1.0, 2.5]\n', [set('f', [3, 4.5])], 'f = [3.0, 4.5]\n'],
    [
      'floats in a table that joins a list',
      '[[x]]\nf = 1.0\n',
      [set('x', [{ f: 1 }, { f: 2 }])],
      '[[x]]\nf = 1.0\n\n[[x]]\nf = 2.0\n',
    ],
    [
      'an inline table beside a list that ends in a comma stays TOML 1.0',
      'm = ["GET", ]\nt = {a = 1}\n',
      [set('t.b', { c: 1n })],
      'm = ["GET", ]\nt = {a = 1, b = {c = 1}}\n',
    ],
    ['floats in a list of tables keep theirs', '[[x]]\nf = 1.0\n', [set('x', [{ f: 2 }])], '[[x]]\nf = 2.0\n'],
    [
      'a value in an inline table, beside a header that is spaced out',
      't = { a = 1, b = { c = "x" } } # t\n\n  [ u.v ] # u\n  key   =   "spaces"\n',
      [set('t.b.c', 2n)],
      't = { a = 1, b = { c = 2 } } # t\n\n  [ u.v ] # u\n  key   =   "spaces"\n',
    ],
    [
      'a key beside a dotted one, beside a header that is spaced out',
      'a.b = 1\n\n  [ u.v ] # u\n  key   =   "spaces"\n',
      [set('a.c', 2n)],
      'a.b = 1\na.c = 2\n\n  [ u.v ] # u\n  key   =   "spaces"\n',
    ],
    [
      'CRLF',
      'a = 1\r\nb = 2\r\n[t]\r\nc = 3\r\n',
      [set('a', 5n), set('t.d', 4n)],
      'a = 5\r\nb = 2\r\n[t]\r\nc = 3\r\nd = 4\r\n',
    ],
    [
      'a new key before the banner of the next section',
      '[a]\nx = 1\n\n#### B ####\n[b]\ny = 1\n',
      [set('a.z', 'new')],
      '[a]\nx = 1\nz = "new"\n\n#### B ####\n[b]\ny = 1\n',
    ],
    [
      'a new key at the top before the first banner',
      'a = 1\n\n#### T ####\n[t]\n',
      [set('b', true)],
      'a = 1\nb = true\n\n#### T ####\n[t]\n',
    ],
    [
      'a new key in a file with sections only',
      '#### T ####\n[t]\nx = 1\n',
      [set('b', 1n)],
      'b = 1\n\n#### T ####\n[t]\nx = 1\n',
    ],
    ['a new key in an empty section', '[t]\n\n[u]\n', [set('t.a', 1n)], '[t]\na = 1\n\n[u]\n'],
    ['a new key takes the indentation', '[t]\n  a = 1\n', [set('t.b', 2n)], '[t]\n  a = 1\n  b = 2\n'],
    [
      'a new section goes to the end',
      'a = 1\n',
      [set('t', { x: 1n, u: { y: 2n } })],
      'a = 1\n\n[t]\nx = 1\n\n[t.u]\ny = 2\n',
    ],
    ['a new key in a new section', 'a = 1\n', [set('t.u.x', 1n)], 'a = 1\n\n[t.u]\nx = 1\n'],
    [
      'a removed section leaves every comment on a line of its own',
      'k = 1\n\n## A ##\n[a] # a\n# of x and y\nx = 1\n[a.b]\n  # old: y = 1\n  y = 2 # of y\n\n## B ##\n[b]\nz = 3\n',
      [remove('a')],
      'k = 1\n\n## A ##\n# of x and y\n  # old: y = 1\n\n## B ##\n[b]\nz = 3\n',
    ],
    [
      'a removed key leaves its old value and a note for the keys below',
      '[p2p]\n# the next two go together\n# seeds = "old"\nseeds = "new" # since May\nmax = 1\n',
      [remove('p2p.seeds')],
      '[p2p]\n# the next two go together\n# seeds = "old"\nmax = 1\n',
    ],
    [
      'keys that are removed and set at once leave the comments',
      '# of a\na = 1\n# of b\nb = 2\n# of c\nc = [1]\n',
      [remove('a'), set('b', 3n), set('c', [1n, 2n]), set('d', 4n)],
      '# of a\n# of b\nb = 3\n# of c\nc = [1, 2]\nd = 4\n',
    ],
    [
      'a removed key at the end without a line end',
      '# of a\na = 1\n# of b\nb = 2',
      [remove('b')],
      '# of a\na = 1\n# of b\n',
    ],
    [
      'a removed list takes the comments in it',
      '# of l\nl = [\n  # one\n  1,\n]\nm = 2\n',
      [remove('l')],
      '# of l\nm = 2\n',
    ],
    ['a removed dotted key', '# of a\na.b = 1\na.c = 2\n', [remove('a.b')], '# of a\na.c = 2\n'],
    ['the only dotted key of its table', '# of a\na.b.c = 1\nd = 2\n', [remove('a.b.c')], '# of a\na.b = {}\nd = 2\n'],
    ['the only section of a section', 'x = 1\n# of b\n[a.b]\nc = 1\n', [remove('a.b')], 'x = 1\n# of b\n[a]\n'],
    [
      'a removed section with CRLF',
      'k = 1\r\n# of a\r\n[a]\r\nx = 1\r\n[b]\r\n',
      [remove('a')],
      'k = 1\r\n# of a\r\n[b]\r\n',
    ],
    [
      'a section that becomes a plain key leaves its comments',
      'k = 1\n# of a\n[a]\n# of x\nx = 1\n',
      [set('a', 'text')],
      'k = 1\na = "text"\n# of a\n# of x\n',
    ],
    [
      'an element of a list of sections',
      '# first\n[[x]]\n# its a\na = 1\n\n# second\n[[x]]\na = 2\n[x.y]\nb = 1\n\n# third\n[[x]]\na = 3\n',
      [set('x', [{ a: 1n }, { a: 3n }])],
      '# first\n[[x]]\n# its a\na = 1\n\n# second\n\n# third\n[[x]]\na = 3\n',
    ],
    ['a list of sections', '# first\n[[x]]\na = 1\n# second\n[[x]]\na = 2\n', [remove('x')], '# first\n# second\n'],
    [
      'a list of sections that gets other elements',
      '# first\n[[x]]\na = 1 # one\n# second\n[[x]]\na = 2\n# end\n[y]\nz = 1\n',
      [set('x', [{ b: 2n, c: { d: 1n } }])],
      '# first\n[[x]]\nb = 2\n\n[x.c]\nd = 1\n# second\n# end\n[y]\nz = 1\n',
    ],
    [
      'a list in a file of mixed line ends',
      'a = 1\r\n# of l\r\nl = [1]\nb = 2\r\n# end\n',
      [set('l', [1n, 2n])],
      'a = 1\r\n# of l\r\nl = [1, 2]\nb = 2\r\n# end\n',
    ],
    ['a file without a line end at its end', 'a = 1', [set('b', 2n)], 'a = 1\nb = 2\n'],
    ['an empty file', '', [set('a', 1n)], 'a = 1\n'],
    [
      'a list that ends in a comma stays TOML 1.0',
      'm = ["GET", ]\n',
      [set('m', ['GET', { a: 1n }])],
      'm = ["GET", {a = 1}, ]\n',
    ],
    ['an inline table gets a key', 't = {a = 1}\n', [set('t.b', 2n)], 't = {a = 1, b = 2}\n'],
    ['dotted keys', 'a.b = 1\n', [set('a.c', 2n)], 'a.b = 1\na.c = 2\n'],
    ['quoted keys with dots', '["a.b"]\n"c.d" = 1\n', [{ path: ['a.b', 'c.d'], value: 2n }], '["a.b"]\n"c.d" = 2\n'],
    ['a key that is like __proto__', 'a = 1\n', [{ path: ['constructor'], value: 'x' }], 'a = 1\nconstructor = "x"\n'],
    [
      'dates stay as they are',
      'd = 1979-05-27T07:32:00-07:00\nl = 07:32:00\na = 1\n',
      [set('a', 2n)],
      'd = 1979-05-27T07:32:00-07:00\nl = 07:32:00\na = 2\n',
    ],
    ['control characters are escaped', 'a = "x"\n', [set('b', 'q"\\\n\u0001')], 'a = "x"\nb = "q\\"\\\\\\n\\u0001"\n'],
  ];
  for (const [what, before, edits, after] of cases) {
    test(what, async () => assert.equal(await edit(before, ...edits), after));
  }

  test('an element with a comment goes from a list over several lines', async () => {
    const text = 'arr = [\n  "one", # 1\n  "two" # 2\n  , "three" # 3\n]\n# kept\n';
    const result = await edit(text, set('arr', ['one', 'three']));
    assert.deepEqual(parse(result), { __proto__: null, arr: ['one', 'three'] });
    assert.match(result, /# kept/);
  });

  test('where toml-patch would move a value into a comment, the list is written anew', async () => {
    assert.equal(
      await edit('arr = [ "one" , [1, 2] , # c1\n]\nz = 1\n', set('arr', ['new', [1n, 2n]])),
      'arr = ["new", [1, 2]]\nz = 1\n',
    );
  });

  test('a file that is not TOML is refused with file, line and column', async () => {
    await assert.rejects(edit('a = 1\nb = = 2\n', set('a', 2n)), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'file-invalid');
      assert.match(error.message, /^config\.toml:2:\d+: /);
      return true;
    });
  });

  test('an edit that no way leads to is refused and named', async () => {
    await assert.rejects(edit('a = 1\n', { path: ['a'], value: null }), { code: 'patch-invalid' });
  });
});

describe('scanToml', () => {
  test('ends, whatever the text is', () => {
    const token = fc.constantFrom(
      '[',
      ']',
      '{',
      '}',
      ',',
      '=',
      '"',
      "'",
      '"""',
      "'''",
      '#',
      '\\',
      '\n',
      '\r',
      'a',
      '1',
      '.',
      ' ',
      '07:32',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        const text = tokens.join('');
        for (const statement of scanToml(text).statements) {
          assert.ok(statement.end > statement.start && statement.end <= text.length);
        }
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
    );
  });

  for (const [text, what] of [
    ['a = {b = 1,}', 'a comma behind the last key of an inline table'],
    ['a = {\nb = 1}', 'a line end in an inline table'],
    ['a = "\\e"', 'the escape \\e'],
    ['a = "\\x41"', 'the escape \\x'],
    ['a = 07:32', 'a time without seconds'],
    ['a = [1979-05-27 07:32Z]', 'a time without seconds'],
  ] as const) {
    test(`${JSON.stringify(text)} is not TOML 1.0`, () => {
      assert.equal(scanToml(text).notToml10[0]?.what, what);
    });
  }

  test('what looks like TOML 1.1 inside strings and comments is not', () => {
    const text =
      "a = '\\e {b,}' # {c = 1,}\nb = '''\n\\x41''''\nc = \"\"\"\\\\e\"\"\"\nd = 07:32:00\n[\"x.y\"]\ne = {f = 'g'}\n";
    assert.deepEqual(scanToml(text).notToml10, []);
    assert.deepEqual(
      scanToml(text).statements.map((statement) => statement.path),
      [['a'], ['b'], ['c'], ['d'], ['x.y'], ['x.y', 'e']],
    );
  });
});

const ownLines = (text: string): readonly string[] => text.match(/^[ \t]*#.*$/gm) ?? [];

const commentsOf = (text: string): readonly string[] => text.match(/#.*/g) ?? [];

describe('editToml at random', () => {
  const key = fc.constantFrom('a', 'b', 'long-name', 'with_underscore', 'dotted.key', 'ü', '');
  const scalar: fc.Arbitrary<DocumentValue> = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('#', '"', "'''", '"""', '\\', 'x = 1', '[t]', '\t', ''),
  );
  const list = fc.array(scalar, { maxLength: 3 });
  const leaf = fc.oneof(scalar, list, fc.dictionary(key, scalar, { maxKeys: 2, noNullPrototype: true }));
  const start = [
    '# head\na = 1\nb = [\n  1, # one\n  2, # two\n]\n\n#### section ####\n[long-name] # why\n  a = "x" # note\n  b = 2.5\n\n  # about c\n  "dotted.key" = [ "p", "q", ]\n\n[long-name.sub]\nc = 1979-05-27\n',
    '[[a]]\nb = 1\n# in between\n[[a]]\nb = 2\n[a.b2]\nx = {y = 1, z = [{q = 1}]}\n\n# ## banner\n[b]\n',
    'a.b.c = 1\na.b.d = "s"\r\nb = {}\r\n\r\n["dotted.key"]\r\n"" = 1\r\n',
    '',
  ];
  const edits = fc.array(
    fc.record({
      path: fc.array(key, { minLength: 1, maxLength: 3 }),
      value: fc.option(leaf, { nil: undefined, freq: 4 }),
    }),
    { minLength: 1, maxLength: 4 },
  );

  test('changes lists over several lines with comments in all places', async () => {
    const items = ['"one"', '"t#o"', '3', '4.5', 'true', '{a = 1}', '[1, 2]'] as const;
    const space = fc.constantFrom('', ' ', '\n', '\n  ', ' # note\n', '\n# own line\n');
    const item = fc.record({ text: fc.constantFrom(...items), before: space, after: space, behind: space });
    const commentedList = fc
      .tuple(fc.array(item, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(
        ([parts, comma]) =>
          `arr = [${parts.map(({ text, before, after, behind }, index) => before + text + after + (index < parts.length - 1 || comma ? `,${behind}` : '')).join('')}]\nz = 1 # last\n`,
      );
    await fc.assert(
      fc.asyncProperty(
        commentedList,
        fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 4 }),
        async (text, picks) => {
          const document = parse(text, { integersAsBigInt: true }) as DocumentTable;
          const old = document['arr'] as readonly DocumentValue[];
          const value = picks.flatMap(([index, isNew]) => (isNew ? ['new'] : old.slice(index, index + 1)));
          const result = await edit(text, set('arr', value));
          assert.ok(sameValue(parse(result, { integersAsBigInt: true }), { ...document, arr: value }));
          assert.match(result, /\nz = 1 # last\n/);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('keeps every comment where plain values are set and keys are added', async () => {
    const value = scalar.filter((one) => typeof one !== 'string' || !one.includes('#'));
    const addition = fc.record({
      path: fc.oneof(
        fc.constantFrom(['a'], ['long-name', 'a'], ['long-name', 'b'], ['long-name', 'sub', 'c']),
        fc.tuple(fc.constantFrom('new', 'long-name', 'other'), fc.constantFrom('x', 'y')),
        fc.constant(['top']),
      ),
      value,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(addition, { minLength: 1, maxLength: 6 }), async (additions) => {
        const [text = ''] = start;
        assert.deepEqual(commentsOf(await edit(text, ...additions)), commentsOf(text));
      }),
      { numRuns: 200 },
    );
  });

  test('keeps every comment on a line of its own where keys and sections are removed', async () => {
    const paths = ['a', 'b', 'long-name', 'long-name.a', 'long-name.sub', 'long-name.sub.c'].map((path) =>
      path.split('.'),
    );
    await fc.assert(
      fc.asyncProperty(fc.subarray([...paths, ['long-name', 'dotted.key']], { minLength: 1 }), async (removed) => {
        const [first = ''] = start;
        // Comments inside of a value are part of it.
        const text = first.replaceAll(/  (\d), # \w+\n/g, '  $1,\n');
        const result = await edit(text, ...removed.map((path) => ({ path })));
        assert.deepEqual(ownLines(result), ownLines(text));
      }),
      { numRuns: 100 },
    );
  });

  test('gives the intended document, as TOML 1.0', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...start),
        fc.array(edits, { minLength: 1, maxLength: 3 }),
        async (text, rounds) => {
          let current = text;
          for (const round of rounds) {
            const document = parse(current, { integersAsBigInt: true }) as DocumentTable;
            const wanted: ValueEdit[] = round.map(({ path, value }) =>
              value === undefined ? { path } : { path, value },
            );
            const intended = wanted.reduce(withEdit, document);
            current = await edit(current, ...wanted);
            assert.ok(sameValue(parse(current, { integersAsBigInt: true }), intended));
            assert.deepEqual(scanToml(current).notToml10, []);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
