import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'smol-toml';
import { judge } from '../../../../test/support/judges.ts';
import { cometBFTKnownKeys, type KnownKey } from '../known-keys/known-keys.ts';
import { basicRefusals } from './cometbft-basic.ts';
import { cometBFTValues } from './cometbft-refusals.ts';

const oddValues = ['-1', '0', '1', '3.5', 'true', '""', '"abc"', '[]', '["a"]', '{ a = 1 }', '2020-01-01'];
const oddNumbers = [
  '"7"',
  '"-7"',
  '"0x10"',
  '"010"',
  '"1_000"',
  '"99999999999999999999"',
  '"1.5"',
  '99',
  '100',
  '4294967296',
];
const oddDurations = [
  '"1d"',
  '"3 seconds"',
  '"-1s"',
  '"5"',
  '"0"',
  '"1.5h"',
  '"1h30m"',
  '" 1s"',
  '"4999ms"',
  '4999999999',
];
const oddWords: Readonly<Record<string, readonly string[]>> = {
  bool: ['"true"', '"TRUE"', '"t"', '"yes"', '"on"', '2'],
  string: [
    '"v0"',
    '"v1"',
    '"v2"',
    '"plain"',
    '"json"',
    '"nop"',
    '"app"',
    '"flood"',
    '"1.2.3"',
    '"1.2"',
    '"127.0.0.1:1"',
  ],
  'string[]': ['"a,b"', '[1, true]', '[["a"]]'],
};

const valuesFor = ({ type }: KnownKey): readonly string[] => {
  if (type === 'duration') return [...oddValues, ...oddDurations];
  if (/int/.test(type)) return [...oddValues, ...oddNumbers];
  return [...oddValues, ...(oddWords[type] ?? [])];
};

/** A config.toml with these keys alone. */
const file = (...pairs: readonly string[]): string =>
  pairs.map((pair) => pair.replace(/^(.*?) = /, (_, key: string) => `${key} = `)).join('\n');

const stateSync = [
  'statesync.enable = true',
  'statesync.rpc_servers = "a:1,b:1"',
  'statesync.trust_height = 1',
  'statesync.trust_hash = "AB"',
];

const withStateSync = [
  ...['"a"', '"a,"', '["a", "b"]', '""', '["a", ""]'].map((value) => `statesync.rpc_servers = ${value}`),
  ...['0', '-1', '"5"'].map((value) => `statesync.trust_height = ${value}`),
  ...['""', '"ABC"', '"xy"', '"ab12"'].map((value) => `statesync.trust_hash = ${value}`),
  ...['"0s"', '"168h"', '"7d"', '"-1s"'].map((value) => `statesync.trust_period = ${value}`),
  ...['"0s"', '"4s"', '"5s"'].map((value) => `statesync.discovery_time = ${value}`),
  ...['"4s"', '"5s"'].map((value) => `statesync.chunk_request_timeout = ${value}`),
  ...['0', '-1', '4'].map((value) => `statesync.chunk_fetchers = ${value}`),
  'statesync.max_snapshot_chunks = 0',
].map((pair) => file(...stateSync.filter((other) => other.split(' ')[0] !== pair.split(' ')[0]), pair));

const together = [
  file('mempool.type = "nop"', 'consensus.create_empty_blocks = false'),
  file('mempool.type = "nop"', 'mempool.size = 0'),
  file('mempool.type = "app"', 'mempool.reap_interval = "0s"'),
  file('mempool.type = "app"', 'mempool.seen_cache_size = -1'),
  file('rpc.experimental_subscription_buffer_size = 300', 'rpc.experimental_websocket_write_buffer_size = 299'),
  file(
    'storage.pruning.data_companion.enabled = true',
    'storage.pruning.data_companion.initial_block_retain_height = -1',
  ),
  'p2p = 1',
  'P2P.Max_Num_Inbound_Peers = -1',
];

describe('what the command line of CometBFT refuses when it reads config.toml', () => {
  const texts = [
    ...[...cometBFTKnownKeys().values()]
      .filter(({ type, key }) => type !== 'deprecated' && type !== 'table[]' && !key.startsWith('p2p.libp2p.'))
      .flatMap((known) => valuesFor(known).map((value) => file(`${known.key} = ${value}`))),
    ...withStateSync,
    ...together,
  ];

  test(`each of ${texts.length} files is refused here by exactly the versions that refuse it`, async () => {
    const verdicts = await judge('config', texts);
    const wrong: string[] = [];
    for (const [version, lines] of verdicts) {
      assert.equal(lines.length, texts.length);
      for (const [index, text] of texts.entries()) {
        const line = lines[index] ?? '';
        const values = cometBFTValues(parse(text, { integersAsBigInt: true }), version);
        const refusals = values.refusals.length > 0 ? values.refusals : basicRefusals(values, version);
        if ((line === 'ok') !== (refusals.length === 0))
          wrong.push(`${version} ${JSON.stringify(text)}: ${line.slice(0, 160)} | here: ${JSON.stringify(refusals)}`);
      }
    }
    assert.equal(wrong.length, 0, `${wrong.length}:\n${wrong.slice(0, 400).join('\n')}`);
  });
});
