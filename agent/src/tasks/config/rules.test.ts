import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeMode } from '@nodetask/shared';
import type { ConfigValue } from './config-value.ts';
import { currentVersion, defaultValues } from './registry.ts';
import { type ConfigView, rules, runRules } from './rules.ts';

type Values = Readonly<Record<string, ConfigValue>>;

interface Case {
  readonly number: number;
  readonly severity: 'ERROR' | 'WARNING';
  readonly field: string;
  /** Changes to the defaults with which the rule fires. */
  readonly broken: Values;
  /** Changes with which it does not, as near to the others as can be. */
  readonly kept: Values;
  readonly mode?: NodeMode;
}

const negative = (first: number, ...fields: readonly string[]): readonly Case[] =>
  fields.map((field, index) => ({
    number: first + index,
    severity: 'ERROR',
    field,
    broken: { [field]: -1n },
    kept: { [field]: 0n },
  }));

const synced: Values = {
  'state_sync.enable': true,
  'state_sync.rpc_servers': ['a:1', 'b:2'],
  'state_sync.trust_height': 5n,
  'state_sync.trust_hash': 'AB12',
};
const sync = (number: number, key: string, broken: ConfigValue, kept: Values = {}): Case => ({
  number,
  severity: 'ERROR',
  field: `state_sync.${key}`,
  broken: { ...synced, [`state_sync.${key}`]: broken },
  kept: { ...synced, ...kept },
});
const offAgain = (key: string, value: ConfigValue): Values => ({
  [`state_sync.${key}`]: value,
  'state_sync.enable': false,
});

const cases: readonly Case[] = [
  { number: 1, severity: 'ERROR', field: 'mode', broken: { mode: '' }, kept: { mode: 'seed' } },
  { number: 2, severity: 'ERROR', field: 'mode', broken: { mode: 'rpc' }, kept: { mode: 'archive' } },
  { number: 3, severity: 'ERROR', field: 'version', broken: { version: 0n }, kept: { version: 1n } },
  { number: 4, severity: 'ERROR', field: 'version', broken: { version: 3n }, kept: { version: 2n } },
  {
    number: 5,
    severity: 'ERROR',
    field: 'chain.min_gas_prices',
    broken: { 'chain.min_gas_prices': '' },
    kept: { 'chain.min_gas_prices': '0usei' },
  },
  {
    number: 6,
    severity: 'ERROR',
    field: 'chain.concurrency_workers',
    broken: { 'chain.concurrency_workers': -2n },
    kept: { 'chain.concurrency_workers': -1n },
  },
  ...negative(
    7,
    'network.rpc.max_open_connections',
    'network.rpc.max_subscription_clients',
    'network.rpc.max_subscriptions_per_client',
    'network.rpc.timeout_broadcast_tx_commit',
    'network.rpc.max_body_bytes',
    'network.rpc.max_header_bytes',
    'network.p2p.flush_throttle_timeout',
    'network.p2p.max_packet_msg_payload_size',
    'network.p2p.send_rate',
    'network.p2p.recv_rate',
    'consensus.unsafe_propose_timeout_override',
    'consensus.unsafe_commit_timeout_override',
    'consensus.create_empty_blocks_interval',
    'consensus.peer_gossip_sleep_duration',
    'consensus.double_sign_check_height',
    'mempool.size',
    'mempool.max_txs_bytes',
    'mempool.cache_size',
    'mempool.max_tx_bytes',
    'mempool.ttl_duration',
    'mempool.ttl_num_blocks',
  ),
  {
    number: 28,
    severity: 'ERROR',
    field: 'mempool.drop_utilisation_threshold',
    broken: { 'mempool.drop_utilisation_threshold': 1.01 },
    kept: { 'mempool.drop_utilisation_threshold': 1 },
  },
  sync(29, 'rpc_servers', ['a:1'], { 'state_sync.rpc_servers': ['a:1'], 'state_sync.use_p2p': true }),
  sync(30, 'trust_period', 0n, offAgain('trust_period', 0n)),
  sync(31, 'trust_height', 0n, { 'state_sync.trust_height': 1n }),
  sync(32, 'trust_hash', '', offAgain('trust_hash', '')),
  sync(33, 'trust_hash', 'ABC', { 'state_sync.trust_hash': 'abcd' }),
  sync(34, 'fetchers', 0n, { 'state_sync.fetchers': 1n }),
  sync(35, 'backfill_blocks', -1n, { 'state_sync.backfill_blocks': 0n }),
  {
    number: 36,
    severity: 'ERROR',
    field: 'storage.pruning',
    broken: { 'storage.pruning': '' },
    kept: { 'storage.pruning': 'default' },
  },
  {
    number: 37,
    severity: 'ERROR',
    field: 'storage.state_commit.write_mode',
    broken: { 'storage.state_commit.write_mode': 'evm_only' },
    kept: { 'storage.state_commit.write_mode': '' },
  },
  {
    number: 38,
    severity: 'WARNING',
    field: 'storage.state_commit.write_mode',
    broken: { 'storage.state_commit.write_mode': 'test_only_dual_write' },
    kept: { 'storage.state_store.write_mode': 'test_only_dual_write' },
  },
  {
    number: 39,
    severity: 'ERROR',
    field: 'storage.state_commit.read_mode',
    broken: { 'storage.state_commit.read_mode': 'x' },
    kept: { 'storage.state_commit.read_mode': 'evm_first' },
  },
  {
    number: 40,
    severity: 'ERROR',
    field: 'storage.state_store.write_mode',
    broken: { 'storage.state_store.write_mode': 'x' },
    kept: { 'storage.state_store.write_mode': 'flatkv_only' },
  },
  {
    number: 41,
    severity: 'ERROR',
    field: 'storage.state_store.read_mode',
    broken: { 'storage.state_store.read_mode': 'x' },
    kept: { 'storage.state_store.read_mode': '' },
  },
  {
    number: 42,
    severity: 'WARNING',
    field: 'storage.state_store.backend',
    broken: { 'storage.state_store.backend': 'sqlite' },
    kept: { 'storage.state_store.backend': 'rocksdb' },
  },
  {
    number: 43,
    severity: 'ERROR',
    field: 'evm.http_port',
    broken: { 'evm.http_port': 0n },
    kept: { 'evm.http_port': 0n, 'evm.http_enabled': false },
  },
  { number: 44, severity: 'ERROR', field: 'evm.ws_port', broken: { 'evm.ws_port': -1n }, kept: { 'evm.ws_port': 1n } },
  {
    number: 45,
    severity: 'WARNING',
    field: 'evm',
    mode: 'validator',
    broken: { 'evm.ws_enabled': true },
    kept: { 'evm.ws_enabled': false },
  },
  ...negative(46, 'metrics.max_open_connections'),
  {
    number: 47,
    severity: 'ERROR',
    field: 'logging.format',
    broken: { 'logging.format': '' },
    kept: { 'logging.format': 'text' },
  },
  {
    number: 48,
    severity: 'ERROR',
    field: 'logging.format',
    broken: { 'logging.format': 'xml' },
    kept: { 'logging.format': 'json' },
  },
  {
    number: 49,
    severity: 'ERROR',
    field: 'storage',
    broken: { 'storage.pruning': 'everything', 'storage.snapshot_interval': 1n },
    kept: { 'storage.pruning': 'everything', 'storage.snapshot_interval': 0n },
  },
  {
    number: 50,
    severity: 'ERROR',
    field: 'network.p2p.pex',
    mode: 'seed',
    broken: { 'network.p2p.pex': false },
    kept: { 'network.p2p.pex': false, mode: 'full' },
  },
  ...negative(51, 'network.p2p.accept_interval'),
  {
    number: 52,
    severity: 'ERROR',
    field: 'chain.freeze_height',
    broken: { 'chain.freeze_height': 9n, 'chain.halt_time': 1n },
    kept: { 'chain.freeze_height': 0n, 'chain.halt_time': 1n, 'chain.halt_height': 1n },
  },
  {
    number: 53,
    severity: 'ERROR',
    field: 'chain.freeze_height',
    mode: 'seed',
    broken: { 'chain.freeze_height': 9n },
    kept: { 'chain.freeze_height': 9n, mode: 'archive' },
  },
  {
    number: 54,
    severity: 'ERROR',
    field: 'chain.freeze_height',
    broken: { ...synced, 'chain.freeze_height': 9n },
    kept: { ...synced, 'chain.freeze_height': 9n, 'state_sync.enable': false },
  },
];

const view = (mode: NodeMode, changes: Values): ConfigView => ({
  values: new Map([...defaultValues(mode, { hostname: 'h', cpus: 2 }), ...Object.entries(changes)]),
  maxVersion: currentVersion,
});

describe('rules', () => {
  test('each of the 54 has a case', () => {
    assert.deepEqual(
      cases.map((one) => one.number),
      rules.map((rule) => rule.number),
    );
  });

  for (const { number, severity, field, broken, kept, mode = 'full' } of cases) {
    test(`${number}: ${severity} on ${field}`, () => {
      const rule = rules[number - 1];
      assert.equal(rule?.field, field);
      assert.equal(rule.severity, severity);
      const message = rule.broken(view(mode, broken));
      assert.ok(message !== undefined && message.length > 10);
      assert.equal(rule.broken(view(mode, kept)), undefined);
      // The rule fires alone: nothing else is wrong with such a configuration.
      assert.deepEqual(runRules(view(mode, broken)), [{ severity, field, message }]);
    });
  }

  test('freeze_height is refused beside halt_height as beside halt_time', () => {
    const found = runRules(view('full', { 'chain.freeze_height': 9n, 'chain.halt_height': 20n }));
    assert.deepEqual(
      found.map(({ severity, field }) => [severity, field]),
      [['ERROR', 'chain.freeze_height']],
    );
    assert.match(found[0]?.message ?? '', /halt_height is 20/);
  });

  test('a seed whose file has no pex is one with pex, as for seid', () => {
    assert.deepEqual(runRules(view('seed', { 'network.p2p.pex': undefined })), []);
  });

  test('the threshold refuses what is below 0, and NaN', () => {
    for (const value of [-0.1, Number.NaN]) {
      assert.equal(
        runRules(view('full', { 'mempool.drop_utilisation_threshold': value }))[0]?.field,
        'mempool.drop_utilisation_threshold',
      );
    }
  });
});
