import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'smol-toml';
import type { SeidNode } from './ask-seid.ts';
import type { ConfigOnDisk } from './config-files.ts';
import type { ConfigValue } from './config-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { defaultValues } from './registry.ts';
import { releaseOf } from './seid-release.ts';
import { startProblems, type StartQuestion } from './start-refusals.ts';

const diskOf = (app: string, dialect: ConfigOnDisk['dialect'] = 'sei'): ConfigOnDisk => ({
  files: {
    'config.toml': { path: 'config.toml', document: {} },
    'app.toml': { path: 'app.toml', text: app, document: parse(app) },
  },
  dialect,
});

const signal = new AbortController().signal;
const problems = (
  changes: Readonly<Record<string, ConfigValue>>,
  node?: SeidNode,
  more: Partial<StartQuestion> = {},
): Promise<readonly Diagnostic[]> =>
  startProblems(
    {
      values: new Map([...defaultValues('full', { hostname: 'h', cpus: 2 }), ...Object.entries(changes)]),
      disk: diskOf(''),
      ...more,
    },
    () => Promise.resolve(node),
    signal,
  );
const ask = (): Promise<never> => Promise.reject(new Error('asked'));
const verdict = async (...args: Parameters<typeof problems>): Promise<string> =>
  (await problems(...args)).map(({ severity }) => severity).join(' ');

const write = 'storage.state_commit.write_mode';
const read = 'storage.state_commit.read_mode';
/** One for each row of the table of the page, then a build that is not in it, then no answer. */
const versions = ['v6.3.3', 'v6.4.4', '6.5.2', 'v6.6.0-rc1', 'v6.6.2', 'v6.6.2-31-g73f917b', undefined];

const E = 'ERROR';
const W = 'WARNING';
const cases: readonly (readonly [
  name: string,
  changes: Readonly<Record<string, ConfigValue>>,
  verdicts: readonly string[],
])[] = [
  ['write mode cosmos_only', { [write]: 'cosmos_only' }, [W, '', '', E, '', W, W]],
  ['write mode dual_write', { [write]: 'dual_write' }, [W, '', '', E, E, W, W]],
  ['write mode split_write', { [write]: 'split_write' }, [W, '', '', E, E, W, W]],
  ['write mode memiavl_only', { [write]: 'memiavl_only' }, [W, E, E, '', '', W, W]],
  ['write mode evm_migrated', { [write]: 'evm_migrated' }, [W, E, E, '', '', W, W]],
  ['no write mode', { [write]: '' }, ['', '', '', '', '', '', '']],
  ['read mode evm_first', { [read]: 'evm_first' }, [W, '', '', W, W, W, W]],
  ['a write mode of the state store', { 'storage.state_store.write_mode': 'cosmos_only' }, [W, W, W, W, W, W, W]],
  ['a read mode of the state store', { 'storage.state_store.read_mode': 'cosmos_only' }, [W, W, W, W, W, W, W]],
  ['no state commit', { 'storage.state_commit.enable': false }, ['', '', '', E, E, W, W]],
  [
    'snapshots without a state store',
    { 'storage.snapshot_interval': 5n, 'storage.state_store.enable': false },
    [E, E, E, E, E, W, E],
  ],
  ['snapshots with a state store', { 'storage.snapshot_interval': 5n }, ['', '', '', '', '', '', '']],
  ['receipts in parquet', { 'storage.receipt_store.backend': 'parquet' }, ['', '', '', E, E, W, W]],
  ['receipts in littidx', { 'storage.receipt_store.backend': 'littidx' }, [E, E, E, E, E, W, E]],
  ['a freeze height', { 'chain.freeze_height': 9n }, [W, W, W, W, W, W, W]],
];

describe('what seid does not start with', () => {
  for (const [name, changes, verdicts] of cases) {
    test(`${name}, by version of seid`, async () => {
      const found = await Promise.all(
        versions.map((version) => verdict(changes, version === undefined ? undefined : { version })),
      );
      assert.deepEqual(
        Object.fromEntries(versions.map((version, index) => [String(version), found[index]])),
        Object.fromEntries(versions.map((version, index) => [String(version), verdicts[index]])),
      );
    });
  }

  test('a receipt store whose key lacks its prefix is refused by every release from v6.4 on', async () => {
    const disk = diskOf('[receipt-store]\nbackend = "pebbledb"\n');
    const found = versions.map((version) => verdict({}, version === undefined ? undefined : { version }, { disk }));
    assert.deepEqual(await Promise.all(found), ['', E, E, E, E, E, E]);
  });

  test('the message names the value, who refuses it, how that is known, and what to do', async () => {
    assert.deepEqual(await problems({ [write]: 'memiavl_only' }, { version: 'v6.5.2' }), [
      {
        severity: 'ERROR',
        field: write,
        message:
          'is memiavl_only, with which seid v6.5.2, which runs here, does not start: leave it out, unless your seid needs it',
      },
    ]);
    const [unknown] = await problems({ [write]: 'memiavl_only' });
    assert.match(
      unknown?.message ?? '',
      /with which seid v6\.4, v6\.5 does not start, and which seid v6\.3 does not read \(no node answers/,
    );
  });

  test('a freeze height at or below the height of the running node is refused, one above is not', async () => {
    const node = { version: 'v6.7.0', height: 100 };
    const errors = async (height: bigint): Promise<number> =>
      (await problems({ 'chain.freeze_height': height }, node)).filter(({ severity }) => severity === 'ERROR').length;
    assert.deepEqual([await errors(99n), await errors(100n), await errors(101n)], [1, 1, 0]);
  });

  test('warnings are about what is being set only, and errors about all that the node has', async () => {
    const set = new Set(['logging.level']);
    assert.equal(await verdict({ [write]: 'memiavl_only' }, undefined, { set }), '');
    assert.equal(await verdict({ [write]: 'memiavl_only' }, { version: 'v6.5.2' }, { set }), E);
  });

  test('nobody is asked when nothing depends on the answer, or the node is not a Sei node', async () => {
    const values = new Map([[write, 'dual_write']]);
    assert.deepEqual(await startProblems({ values: new Map(), disk: diskOf('') }, ask, signal), []);
    assert.deepEqual(await startProblems({ values, disk: diskOf('', 'cometbft') }, ask, signal), []);
    await assert.rejects(startProblems({ values, disk: diskOf('') }, ask, signal), /asked/);
  });
});

describe('releases of seid', () => {
  for (const [version, release] of [
    ['v6.3.0', 'v6.3'],
    ['6.4.4', 'v6.4'],
    ['v6.5.0-rc1', 'v6.5'],
    ['v6.6.0-rc1', 'v6.6.0-rc1'],
    ['v6.6.0-rc2', 'v6.6'],
    ['v6.6.0', 'v6.6'],
    ['v6.6.2', 'v6.6'],
    ['v6.6.3', undefined],
    ['v6.7.0', undefined],
    ['v7.0.0', undefined],
    ['v6.5.2-12-gabcdef0', undefined],
    ['v6.2.1', undefined],
    ['', undefined],
  ] as const) {
    test(`${JSON.stringify(version)} is ${release ?? 'in no row of the table'}`, () => {
      assert.equal(releaseOf(version), release);
    });
  }
});
