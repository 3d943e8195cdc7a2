import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from '../steps.ts';
import { compareRegistries, type Comparison } from './compare-registries.ts';
import { parseRegistry } from './read-registry.ts';
import { registryDiff } from './registry-diff.ts';

const ours = join(root, 'agent/src/tasks/config/sei-config-registry.json');

type Values = Readonly<Record<string, unknown>>;

const every = (value: unknown): Values => ({ validator: value, full: value, seed: value, archive: value });
const size: Values = {
  key: 'mempool.size',
  file: 'config.toml',
  tomlPath: 'mempool.size',
  type: 'int',
  defaults: every(5000),
  rules: [{ severity: 'ERROR', when: 'negative' }],
  description: 'Transactions at most',
};

const compare = (before: readonly Values[], after: readonly Values[]): Comparison =>
  compareRegistries(parseRegistry(JSON.stringify(before), 'old'), parseRegistry(JSON.stringify(after), 'new'));

const changes: readonly (readonly [name: string, change: Values, lines: readonly string[]])[] = [
  [
    'another place',
    { tomlPath: 'mempool.count' },
    ['    place: config.toml mempool.size -> config.toml mempool.count'],
  ],
  [
    'another place that gets the value, too',
    { alsoWrittenTo: ['app.toml:size'] },
    ['    also written to: none -> app.toml size'],
  ],
  ['another type', { type: 'uint64' }, ['    type: int -> uint64']],
  ['other defaults', { defaults: every(null) }, ['    default of every mode: 5000 -> null']],
  ['another default of one mode', { defaults: { ...every(5000), seed: 'x' } }, ['    default of seed: 5000 -> "x"']],
  ['another list of known values', { enum: ['a', 'b'] }, ['    known values: none -> a, b']],
  ['a change without a restart', { hotReload: true }, ['    taken up while the node runs: none -> yes']],
  ['no override any more', { overridable: false }, ['    cannot be overridden: none -> yes']],
  [
    'another rule',
    { rules: [{ severity: 'WARNING', field: 'mempool', when: 'negative' }] },
    ['    rule gone: ERROR on mempool.size when negative', '    new rule: WARNING on mempool when negative'],
  ],
  ['another unit', { unit: 'bytes' }, ['    unit: none -> bytes']],
  [
    'another description',
    { description: 'Most transactions' },
    ['    description: Transactions at most -> Most transactions'],
  ],
];

describe('the comparison of two registries', () => {
  test('finds nothing between a registry and itself', () => {
    assert.deepEqual(compare([size], [size]), {
      lines: ['0 added, 0 removed, 0 renamed, 0 changed; 1 -> 1 keys'],
      differ: false,
    });
  });

  for (const [name, change, lines] of changes) {
    test(`tells ${name}`, () => {
      assert.deepEqual(compare([size], [{ ...size, ...change }]), {
        lines: ['~ mempool.size', ...lines, '0 added, 0 removed, 0 renamed, 1 changed; 1 -> 1 keys'],
        differ: true,
      });
    });
  }

  test('tells a new key with all its facts, and one that is gone', () => {
    const split = { ...size, key: 'b.split', tomlPath: 'split', defaults: { ...every(null), full: true }, rules: [] };
    assert.deepEqual(compare([size], [split]).lines, [
      '+ b.split',
      '    place: config.toml split',
      '    type: int',
      '    default of validator: null',
      '    default of full: true',
      '    default of seed: null',
      '    default of archive: null',
      '    description: Transactions at most',
      '- mempool.size',
      '    was at: config.toml mempool.size',
      '1 added, 1 removed, 0 renamed, 0 changed; 1 -> 1 keys',
    ]);
  });

  test('tells a key that has another name at the same place as renamed, with what else is new', () => {
    const count = { ...size, key: 'a.count', rules: [{ severity: 'ERROR', field: 'mempool.size', when: 'negative' }] };
    assert.deepEqual(compare([size], [{ ...count, type: 'int64' }]).lines, [
      '> mempool.size',
      '    is now called a.count',
      '    type: int -> int64',
      '0 added, 0 removed, 1 renamed, 0 changed; 1 -> 1 keys',
    ]);
  });

  test('takes keys that no file stores for different ones', () => {
    const { file: _file, tomlPath: _path, ...unstored } = size;
    assert.match(compare([unstored], [{ ...unstored, key: 'x' }]).lines.at(-1) ?? '', /^1 added, 1 removed, 0 renamed/);
  });

  test('has no line of more than 80 characters', () => {
    const long = {
      ...size,
      description: 'many words of a description '.repeat(20).trim(),
      defaults: every('x y '.repeat(50)),
    };
    const { lines } = compare([size], [long, { ...long, key: 'other', tomlPath: 'other' }]);
    assert.ok(lines.length > 20);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
  });

  test('takes the shape with nulls, empty lists and places as texts for the same', () => {
    const also = { ...size, alsoWrittenTo: [{ file: 'app.toml', tomlPath: 'size' }] };
    const other = {
      ...also,
      alsoWrittenTo: ['app.toml:size'],
      hotReload: false,
      unit: null,
      enum: null,
      overridable: true,
      env: 'SEI_MEMPOOL_SIZE',
      rules: [{ severity: 'ERROR', when: 'negative', since: 'v0.0.1' }],
    };
    assert.equal(compare([also], [other]).differ, false);
  });
});

const run = async (...args: readonly string[]): Promise<{ code: number; out: string; error: string }> => {
  const said = { out: '', error: '' };
  const code = await registryDiff(args, {
    out: (text) => (said.out += text),
    error: (text) => (said.error += text),
  });
  return { code, ...said };
};

describe('npm run registry:diff', () => {
  test('exits with 0 where the files say the same, with 1 where they differ, with 2 where it cannot tell', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-diff-'));
    t.after(() => rm(folder, { recursive: true }));
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const same = await run(ours, ours);
    assert.deepEqual([same.code, same.error], [0, '']);
    assert.match(same.out, /^0 added, .*; 227 -> 227 keys\n$/);

    const entries = JSON.parse(await readFile(ours, 'utf8')) as Values[];
    const fewer = await run(ours, await write('fewer.json', JSON.stringify(entries.slice(1))));
    assert.deepEqual([fewer.code, fewer.error], [1, '']);
    assert.match(fewer.out, /^- .*\n    was at: .*\n0 added, 1 removed, 0 renamed, 0 changed; 227 -> 226 keys\n$/);

    const bad = [
      ['one file only', await run(ours), /^Usage: npm run registry:diff -- OLD\.json NEW\.json\n$/],
      ['three files', await run(ours, ours, ours), /^Usage/],
      ['no file', await run(ours, join(folder, 'none.json')), /none\.json cannot be read: .*ENOENT/],
      ['no JSON', await run(ours, await write('a.json', '{')), /a\.json is not JSON/],
      ['no list', await run(ours, await write('b.json', '{}')), /b\.json is no list of registry entries/],
      [
        'a key twice',
        await run(ours, await write('c.json', JSON.stringify([size, size]))),
        /the key mempool\.size twice/,
      ],
    ] as const;
    for (const [name, { code, out, error }, message] of bad) {
      assert.deepEqual([code, out, error.split('\n').length], [2, '', 2], name);
      assert.match(error, message, name);
    }
  });
});
