import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NodeMode, nodeModes } from '@nodetask/shared';
import type { ConfigValue } from './config-value.ts';
import { formatGoDuration, parseGoDuration } from './go-duration.ts';
import { evaluateHostDefault } from './host-defaults.ts';
import { migrate, migrationProblems, migrations } from './migrations.ts';
import { currentVersion, defaultValues, placesOf, registry } from './registry.ts';
import { renderConfigFile } from './render-config.ts';
import { rules, runRules } from './rules.ts';

const anyAddress = 'tcp://0.0.0.0:26656';
const host = { hostname: 'sei-rpc-0', cpus: 4 };

describe('the registry', () => {
  test('has 227 keys, each in a place of its own', () => {
    assert.equal(registry().size, 227);
    const places = [...registry().values()].flatMap(placesOf).map(({ file, path }) => `${file} ${path.join('.')}`);
    assert.equal(new Set(places).size, places.length);
    assert.deepEqual(
      [...registry().values()].filter((entry) => placesOf(entry).length === 0).map((entry) => entry.key),
      ['chain.chain_id'],
    );
  });

  test('has the nine keys that a node takes up while it runs', () => {
    assert.deepEqual(
      [...registry().values()]
        .filter((entry) => entry.hotReload === true)
        .map((entry) => entry.key)
        .sort(),
      [
        'evm.cors_origins',
        'evm.deny_list',
        'logging.level',
        'mempool.size',
        'network.p2p.persistent_peers',
        'network.rpc.cors_allowed_origins',
        'network.rpc.lag_threshold',
        'network.rpc.listen_address',
        'network.rpc.max_open_connections',
      ],
    );
  });

  test('has a rule in rules.ts for each that it tells in words, with the same severity and field, and no other', () => {
    const told = new Set<string>();
    for (const entry of registry().values()) {
      for (const rule of entry.rules ?? []) told.add(`${rule.severity} ${rule.field ?? entry.key}`);
    }
    assert.deepEqual(new Set(rules.map((rule) => `${rule.severity} ${rule.field}`)), told);
    assert.equal(rules.length, 54);
    for (const rule of rules) for (const key of rule.keys) assert.ok(registry().has(key), key);
  });

  for (const mode of nodeModes) {
    test(`the defaults of ${mode} break no rule, and both files can be written`, () => {
      const values = defaultValues(mode, host);
      assert.deepEqual(runRules({ values, maxVersion: currentVersion }), []);
      assert.match(renderConfigFile('app.toml', values), new RegExp(`\\[sei\\]\\n\\n(?:.*\\n)*mode = "${mode}"`));
      assert.match(
        renderConfigFile('config.toml', values),
        new RegExp(`\\nmode = "${mode === 'archive' ? 'full' : mode}"\\n`),
      );
    });
  }

  const golden: Readonly<Record<string, readonly [ConfigValue, ConfigValue, ConfigValue, ConfigValue]>> = {
    'storage.state_commit.write_mode': [undefined, undefined, undefined, undefined],
    'storage.state_commit.read_mode': [undefined, undefined, undefined, undefined],
    'storage.state_store.write_mode': [undefined, undefined, undefined, undefined],
    'storage.state_store.read_mode': [undefined, undefined, undefined, undefined],
    'storage.state_store.evm_ss_split': [undefined, true, undefined, undefined],
    'network.p2p.listen_address': [anyAddress, anyAddress, anyAddress, anyAddress],
    'network.p2p.max_packet_msg_payload_size': [1_000_000n, 1_000_000n, 102_400n, 1_000_000n],
    'network.p2p.max_incoming_connection_attempts': [100n, 100n, 32n, 100n],
    'network.p2p.accept_interval': [undefined, undefined, undefined, undefined],
    'network.p2p.pex': [true, true, true, true],
    'giga_executor.enabled': [undefined, undefined, undefined, undefined],
    'giga_executor.occ_enabled': [undefined, undefined, undefined, undefined],
    'chain.freeze_height': [0n, 0n, 0n, 0n],
    'storage.state_commit.enable': [true, true, true, true],
    'storage.state_store.enable': [false, true, false, true],
  };
  for (const [key, values] of Object.entries(golden)) {
    test(`the default of ${key} by mode is that of sei-config v0.0.27`, () => {
      assert.deepEqual(
        ['validator', 'full', 'seed', 'archive'].map((mode) => defaultValues(mode as NodeMode, host).get(key)),
        values,
      );
    });
  }

  test('defaults that depend on the host', () => {
    const values = defaultValues('validator', host);
    assert.equal(values.get('chain.moniker'), 'sei-rpc-0');
    assert.equal(values.get('chain.concurrency_workers'), 10n);
    assert.equal(values.get('evm.worker_pool_size'), 8n);
    assert.equal(evaluateHostDefault('@clamp(2*cpus,10,128)', { hostname: '', cpus: 100 }), 128n);
    assert.equal(evaluateHostDefault('@min(64,2*cpus)', { hostname: '', cpus: 100 }), 64n);
    assert.equal(evaluateHostDefault('@hostname', { hostname: '', cpus: 1 }), 'anonymous');
    assert.throws(() => evaluateHostDefault('@rm(1,2)', host), /no expression/);
  });
});

describe('migrations', () => {
  test('go up one version each, without a gap, to the current one', () => {
    assert.deepEqual(
      migrations.map((migration) => migration.to),
      Array.from({ length: currentVersion - 1 }, (_, index) => index + 2),
    );
  });
  const commit = 'storage.state_commit.write_mode';
  for (const [from, to] of [
    ['cosmos_only', undefined],
    ['memiavl_only', 'memiavl_only'],
    ['flatkv_only', 'flatkv_only'],
    ['', ''],
  ] as const) {
    test(`1 to 2: write mode ${JSON.stringify(from)} ${to === undefined ? 'is removed' : 'stays'}`, () => {
      const before = new Map([[commit, from]]);
      const after = migrate(before, 1, 2);
      assert.equal(after.get(commit), to);
      assert.equal(after.get('version'), 2n);
      assert.deepEqual(migrationProblems(before, 1, 2), []);
      assert.equal(migrate(before, 2, 2), before);
    });
  }
  for (const mode of ['dual_write', 'split_write']) {
    test(`1 to 2: write mode ${mode} stays and stops the migration, because only a person can decide`, () => {
      const before = new Map([[commit, mode]]);
      assert.equal(migrate(before, 1, 2).get(commit), mode);
      const [problem, ...more] = migrationProblems(before, 1, 2);
      assert.deepEqual([problem?.severity, problem?.field, more], ['ERROR', commit, []]);
      assert.match(problem?.message ?? '', new RegExp(`is ${mode}.*by overrides`));
      assert.deepEqual(migrationProblems(before, 2, 2), []);
    });
  }
  test('1 to 2: the read mode cosmos_only is removed, and both modes of the state store whatever they are', () => {
    const store = ['storage.state_store.write_mode', 'storage.state_store.read_mode'];
    const read = 'storage.state_commit.read_mode';
    const values = new Map(store.map((key) => [key, 'split_write'])).set(read, 'cosmos_only');
    const after = migrate(values, 1, 2);
    assert.deepEqual([...after.keys()], ['version']);
    assert.deepEqual(migrationProblems(values, 1, 2), []);
    assert.equal(migrate(new Map([[read, 'evm_first']]), 1, 2).get(read), 'evm_first');
  });
});

describe('Go durations', () => {
  for (const [text, nanoseconds, printed] of [
    ['168h', 604_800_000_000_000n, '168h0m0s'],
    ['1m', 60_000_000_000n, '1m0s'],
    ['1h30m', 5_400_000_000_000n, '1h30m0s'],
    ['100ms', 100_000_000n, '100ms'],
    ['1.5s', 1_500_000_000n, '1.5s'],
    ['-2s', -2_000_000_000n, '-2s'],
    ['+2s', 2_000_000_000n, '2s'],
    ['.5h', 1_800_000_000_000n, '30m0s'],
    ['0', 0n, '0s'],
    ['0s', 0n, '0s'],
    ['15us', 15_000n, '15µs'],
    ['15µs', 15_000n, '15µs'],
    ['7ns', 7n, '7ns'],
    ['1.000000001s', 1_000_000_001n, '1.000000001s'],
  ] as const) {
    test(text, () => {
      assert.equal(parseGoDuration(text), nanoseconds);
      assert.equal(formatGoDuration(nanoseconds), printed);
      assert.equal(parseGoDuration(printed), nanoseconds);
    });
  }
  for (const text of ['', '10', '1d', 's', '1 s', '1s ', ' 1s', '1sm', '.s', '9999999999h', '1e3s', 'Inf', '--1s']) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseGoDuration(text), undefined));
  }
});
