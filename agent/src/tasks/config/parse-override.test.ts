import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ConfigValue } from './config-value.ts';
import { parseOverride, parseOverrides } from './parse-override.ts';
import { registry } from './registry.ts';

const keys = {
  string: 'storage.pruning_interval',
  bool: 'evm.slow',
  int: 'evm.http_port',
  int32: 'state_sync.fetchers',
  int64: 'mempool.max_txs_bytes',
  uint16: 'network.p2p.max_connections',
  uint64: 'chain.halt_height',
  float64: 'mempool.drop_priority_threshold',
  duration: 'evm.read_timeout',
  'string[]': 'evm.deny_list',
} as const;

describe('override text', () => {
  const accepted: readonly (readonly [keyof typeof keys, string, ConfigValue])[] = [
    ['string', '', ''],
    ['string', ' x ', ' x '],
    ['bool', 'true', true],
    ['bool', 'YES', true],
    ['bool', '1', true],
    ['bool', 'False', false],
    ['bool', 'no', false],
    ['bool', '0', false],
    ['int', '8545', 8545n],
    ['int', '-1', -1n],
    ['int', '+7', 7n],
    ['int64', '9223372036854775807', 9223372036854775807n],
    ['uint16', '65535', 65535n],
    ['uint64', '9223372036854775807', 9223372036854775807n],
    ['float64', '.5', 0.5],
    ['float64', '1e3', 1000],
    ['float64', '-0.25', -0.25],
    ['duration', '1m30s', 90_000_000_000n],
    ['duration', '-5s', -5_000_000_000n],
    ['string[]', '', []],
    ['string[]', 'a, b ,c', ['a', 'b', 'c']],
  ];
  for (const [type, text, value] of accepted) {
    test(`${type} ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseOverrides({ [keys[type]]: text }), { values: new Map([[keys[type], value]]), faults: [] });
    });
  }

  // What today's tool takes for a number, cut off at the first strange sign, and what it lets pass, is refused as a whole.
  const refused: readonly (readonly [keyof typeof keys, string])[] = [
    ...['on', 't', '', 'y', ' true', '2'].map((text) => ['bool', text] as const),
    ...['10abc', '0x10', '1_000', '1e3', '12.7', '', 'abc', ' 5', '5 ', '9223372036854775808', '1'.repeat(50)].map(
      (text) => ['int', text] as const,
    ),
    ['int32', '3000000000'],
    ['uint16', '70000'],
    ['uint16', '-1'],
    ['uint64', '9223372036854775808'],
    ...['0.5abc', 'NaN', 'Inf', '-Inf', '', '1e999', '0x1p3'].map((text) => ['float64', text] as const),
    ...['10', '1d', '', '1 s'].map((text) => ['duration', text] as const),
    ...['a,,b', ',a', 'a,', 'a, ,b'].map((text) => ['string[]', text] as const),
    ['string', '\uD800'],
  ];
  for (const [type, text] of refused) {
    test(`refuses ${type} ${JSON.stringify(text)}`, () => {
      const { values, faults } = parseOverrides({ [keys[type]]: text });
      assert.equal(values.size, 0);
      assert.equal(faults.length, 1);
      assert.equal(faults[0]?.key, keys[type]);
      assert.ok(faults[0].message.length < 300);
    });
  }

  test('the types in the tables are those of the registry', () => {
    for (const [type, key] of Object.entries(keys)) assert.equal(registry().get(key)?.type, type);
  });
});

describe('override keys', () => {
  for (const [key, message] of [
    ['mode', /parameter mode/],
    ['version', /parameter targetVersion/],
    ['chain.chain_id', /neither config.toml nor app.toml.*lost/],
    ['metrics.global_labels', /telemetry\.global-labels of app\.toml with a config-patch/],
    ['consensus.unsafe_bypass_commit_timeout_override', /config-patch/],
    ['p2p.persistent-peers', /did you mean network\.p2p\.persistent_peers\?/],
    ['evm', /no key of the config registry: docs\/reference\/config-keys\.md lists all keys/],
    ['evm.http_prt', /did you mean evm\.http_port\?/],
    ['EVM.http_port', /did you mean evm\.http_port\?/],
    ['http_port', /did you mean evm\.http_port\?/],
    ['p2p.persistant-peers', /did you mean network\.p2p\.persistent_peers\?/],
    ['x'.repeat(100_000), /lists all keys/],
    ['__proto__', /no key/],
    ['', /no key/],
  ] as const) {
    test(`refuses ${JSON.stringify(key)}`, () => {
      const { faults } = parseOverrides(Object.fromEntries([[key, 'x']]));
      assert.match(faults[0]?.message ?? '', message);
    });
  }
  test('finds all faults, sorted', () => {
    assert.deepEqual(
      parseOverrides({ z: '1', 'evm.http_port': 'x', a: '1', 'evm.ws_port': '1' }).faults.map(({ key }) => key),
      ['a', 'evm.http_port', 'z'],
    );
  });
  test('types that text cannot say are refused by the parser as well', () => {
    const entry = registry().get('metrics.global_labels');
    assert.ok(entry !== undefined && 'fault' in parseOverride(entry, 'a'));
  });
});
