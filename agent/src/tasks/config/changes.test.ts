import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maxMessageCharacters } from '@nodetask/shared';
import { editsBetween } from '../../node/document-value.ts';
import { parseToml } from '../../node/toml/parse-toml.ts';
import { afterRestart } from '../after-restart.ts';
import { type Changes, changesOf, changesOutput, joinChanges, sayChanges, sayDryRun } from './changes.ts';

const changesIn = async (before: string, after: string): Promise<Changes> => {
  const [old, now] = await Promise.all([parseToml(before, 'config.toml'), parseToml(after, 'config.toml')]);
  return changesOf('config.toml', old, editsBetween(old, now));
};

const sizes = (count: number): Changes => ({
  listed: Array.from({ length: Math.min(count, 300) }, (_, index) => ({
    file: 'config.toml',
    key: `mempool.size-${index}`,
    from: index,
    to: index + 1,
  })),
  count,
});

describe('the changes of a file', () => {
  test('have the values of public keys as JSON has them, and of no other', async () => {
    const before =
      'log_level = "info"\nmoniker = "a"\n[mempool]\nsize = 5000\nrecheck = true\n[tx_index]\nindexer = "kv"\n';
    const after =
      'log_level = "debug"\nmoniker = "b"\n[mempool]\nsize = 9223372036854775807\n[tx_index]\nindexer = "null"\npsql-conn = "postgres://u:pw@h"\n';
    const { listed, count } = await changesIn(before, after);
    const file = 'config.toml';
    assert.deepEqual(listed, [
      { file, key: 'log_level', from: 'info', to: 'debug' },
      { file, key: 'moniker', from: '(hidden)', to: '(hidden)' },
      { file, key: 'mempool.recheck', from: true },
      { file, key: 'mempool.size', from: 5000, to: '9223372036854775807' },
      { file, key: 'tx_index.indexer', from: 'kv', to: 'null' },
      { file, key: 'tx_index.psql-conn', to: '(hidden)' },
    ]);
    assert.equal(count, 6);
  });

  test('name each key of a section that is new or removed', async () => {
    const { listed } = await changesIn('[mempool]\nsize = 5\n', '[rpc]\nunsafe = true\nladdr = "tcp://h:1"\n');
    assert.deepEqual(
      listed.map(({ key, from, to }) => [key, from, to]),
      [
        ['mempool.size', 5, undefined],
        ['rpc.unsafe', undefined, true],
        ['rpc.laddr', undefined, '(hidden)'],
      ],
    );
  });

  test('show no table, no list of tables and no address, though the key is public', async () => {
    const after =
      'log_level = "https://u:pw@h/x"\ntx_index.indexer = [{ password = "pw" }]\nversion = { password = "pw" }\n';
    const { listed } = await changesIn('db_backend = "u:pw@tcp(h)/db"\n', after);
    assert.deepEqual(
      listed.map(({ key, from, to }) => [key, from ?? to]),
      [
        ['db_backend', '(hidden)'],
        ['log_level', '(hidden)'],
        ['tx_index.indexer', '(hidden)'],
        ['version.password', '(hidden)'],
      ],
    );
  });

  test('cut long keys, texts and lists', async () => {
    const { listed } = await changesIn('', `log_level = "${'x'.repeat(500)}"\n${'k'.repeat(500)} = 1\n`);
    const [level, key] = listed;
    assert.match(JSON.stringify(level?.to), /^"x{99}\u2026"$/);
    assert.match(key?.key ?? '', /^k{159}\u2026$/);
    const items = Array.from({ length: 100 }, (_, index) => `"kv${index}"`).join(', ');
    const [list] = (await changesIn('', `tx_index.indexer = [${items}]\n`)).listed;
    assert.ok(typeof list?.to === 'string' && list.to.length === 200);
    const [short] = (await changesIn('', 'tx_index.indexer = ["kv", "null"]\n')).listed;
    assert.deepEqual(short?.to, ['kv', 'null']);
  });

  test('are counted beyond those that are listed', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `k${index} = 1\n`).join('');
    const { listed, count } = await changesIn('', many);
    assert.deepEqual([listed.length, count], [300, 1_000]);
  });
});

describe('what is told of changes', () => {
  test('the output has as many as fit, those of keys that were there first, and how many are left out', () => {
    const added: Changes = { listed: [{ file: 'app.toml', key: 'pruning', to: 'custom' }], count: 1 };
    const { changes, changesOmitted } = changesOutput(joinChanges([added, sizes(400)]), 2_000) as {
      changes: { key: string }[];
      changesOmitted: number;
    };
    assert.equal(changes[0]?.key, 'mempool.size-0');
    assert.ok(Buffer.byteLength(JSON.stringify(changes)) <= 2_002 && changes.length > 20);
    assert.equal(changesOmitted, 401 - changes.length);
    assert.deepEqual(Object.keys(changesOutput(added)), ['changes']);
  });

  test('one change is said in full, of many the first three and how many more there are', () => {
    const [one] = sizes(1).listed;
    assert.ok(one);
    assert.equal(sayChanges({ listed: [one], count: 1 }), 'mempool.size-0 0 \u2192 1');
    assert.equal(
      sayChanges(sizes(6)),
      'mempool.size-0 0 \u2192 1, mempool.size-1 1 \u2192 2, mempool.size-2 2 \u2192 3, and 3 more',
    );
    assert.equal(sayChanges({ listed: [], count: 0 }), 'no value, only how the files are written');
  });

  for (const [values, said] of [
    [{ from: '', to: 'a b' }, 'k "" \u2192 "a b"'],
    [{ to: false }, 'k set to false'],
    [{ from: ['kv'] }, 'k removed (was ["kv"])'],
    [{ from: '(hidden)' }, 'k removed'],
    [{ to: '(hidden)' }, 'k added (hidden)'],
    [{ from: '(hidden)', to: '(hidden)' }, 'k changed (hidden)'],
    [{ from: '(hidden)', to: 'x'.repeat(99) }, `k (hidden) \u2192 ${'x'.repeat(39)}\u2026`],
  ] as const) {
    test(`a change from ${String(values.from)} to ${String(values.to).slice(0, 20)} is said as ${said}`, () => {
      assert.equal(sayChanges({ listed: [{ file: 'app.toml', key: 'k', ...values }], count: 1 }), said);
    });
  }

  test('three changes with long keys and values leave room in a message', () => {
    const long = { file: 'app.toml', key: 'k'.repeat(160), from: 'x'.repeat(100), to: 'y'.repeat(100) } as const;
    const said = sayChanges({ listed: [long, long, long], count: 300 });
    for (const message of [sayDryRun(said), `${said}; ${afterRestart}`])
      assert.ok(message.length <= maxMessageCharacters, message);
  });
});
