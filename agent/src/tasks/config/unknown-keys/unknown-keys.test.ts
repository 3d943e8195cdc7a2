import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Dialect, editDistance, nearestWord, type PatchableFile } from '@nodetask/shared';
import * as fc from 'fast-check';
import { findAddedUnknown, findUnknownIn, maxListed } from './find-unknown-keys.ts';
import { isKnownKey } from './known-keys-of.ts';
import { suggestKey } from './suggest-key.ts';

describe('editDistance', () => {
  for (const [a, b, most, distance] of [
    ['seeds', 'seeds', 0, 0],
    ['sedes', 'seeds', 1, 1],
    ['seed', 'seeds', 1, 1],
    ['mxa_num_inbound_peers', 'max_num_inbound_peers', 3, 1],
    ['abc', 'xyz', 2, undefined],
    ['kitten', 'sitting', 3, 3],
    ['kitten', 'sitting', 2, undefined],
    ['', 'ab', 2, 2],
    ['', 'ab', 1, undefined],
  ] as const) {
    test(`from ${JSON.stringify(a)} to ${JSON.stringify(b)}, at most ${most}: ${String(distance)}`, () => {
      assert.equal(editDistance(a, b, most), distance);
      assert.equal(editDistance(b, a, most), distance);
    });
  }

  test('is that of the whole table of all pairs of beginnings, up to the bound', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.nat(4), (a, b, most) => {
        const whole = wholeDistance(a, b);
        assert.equal(editDistance(a, b, most), whole > most ? undefined : whole);
      }),
      { numRuns: 3000 },
    );
  });

  test('compares no long words, so that a hostile key costs nothing', () => {
    const long = 'a'.repeat(100_000);
    assert.equal(editDistance(long, `${long}b`, 3), undefined);
    assert.equal(editDistance('a'.repeat(97), 'a'.repeat(96), 3), undefined);
    assert.equal(editDistance('a'.repeat(96), 'a'.repeat(95), 3), 1);
  });
});

const wholeDistance = (a: string, b: string): number => {
  const table = new Map<string, number>();
  const at = (row: number, column: number): number => {
    if (row === 0 || column === 0) return row + column;
    const known = table.get(`${row},${column}`);
    if (known !== undefined) return known;
    const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
    const found = Math.min(
      at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1),
      at(row - 1, column) + 1,
      at(row, column - 1) + 1,
      isSwap ? at(row - 2, column - 2) + 1 : Infinity,
    );
    table.set(`${row},${column}`, found);
    return found;
  };
  return at(a.length, b.length);
};

describe('nearestWord', () => {
  test('names none if two are as near', () => {
    assert.equal(nearestWord('max_x_peers', ['max_a_peers', 'max_b_peers']), undefined);
    assert.equal(nearestWord('max_a_peer', ['max_a_peers', 'max_b_peers']), 'max_a_peers');
  });

  test('takes only one slip in a short word, and none in two signs', () => {
    assert.equal(nearestWord('rcp', ['rpc']), 'rpc');
    assert.equal(nearestWord('sizze', ['size']), 'size');
    assert.equal(nearestWord('sizzee', ['size']), undefined);
    assert.equal(nearestWord('aa', ['ab']), undefined);
  });
});

describe('suggestKey', () => {
  const cases: readonly (readonly [PatchableFile, string, Dialect | undefined, string | undefined])[] = [
    ['config.toml', 'p2p.mxa_num_inbound_peers', 'cometbft', 'p2p.max_num_inbound_peers'],
    ['config.toml', 'p2p.max-num-inbound-peerz', 'cometbft', 'p2p.max_num_inbound_peers'],
    ['config.toml', 'p2pp', 'cometbft', 'p2p'],
    ['config.toml', 'seeds', 'cometbft', 'p2p.seeds'],
    ['config.toml', 'rpc.seeds', 'cometbft', 'p2p.seeds'],
    ['config.toml', 'p2p.seed', 'cometbft', 'p2p.seeds'],
    ['config.toml', 'p2p.Seeds', 'cometbft', 'p2p.seeds'],
    ['config.toml', 'P2P', 'cometbft', 'p2p'],
    ['config.toml', 'p2p.persistent-peers', 'cometbft', 'p2p.persistent_peers'],
    ['config.toml', 'p2p.persistent_peers', 'sei', 'p2p.persistent-peers'],
    ['config.toml', 'p2p.persistent-peer', 'sei', 'p2p.persistent-peers'],
    ['config.toml', 'minimum-gas-prices', 'cometbft', 'minimum-gas-prices in app.toml'],
    ['config.toml', 'evm.http_port', 'sei', 'evm.http_port in app.toml'],
    ['config.toml', 'network.p2p.persistent_peers', 'sei', 'p2p.persistent-peers'],
    ['config.toml', 'quite_something_else', 'cometbft', undefined],
    ['config.toml', 'enabled', 'cometbft', undefined],
    ['app.toml', 'minimum-gas-price', 'cometbft', 'minimum-gas-prices'],
    ['app.toml', 'state-sync.snapshot_interval', 'cometbft', 'state-sync.snapshot-interval'],
    ['app.toml', 'snapshot-interval', 'cometbft', 'state-sync.snapshot-interval'],
    ['app.toml', 'apii', 'cometbft', 'api'],
    ['app.toml', 'evm.http_prt', 'sei', 'evm.http_port'],
    ['app.toml', 'oracle', 'cometbft', undefined],
    ['client.toml', 'chain_id', undefined, 'chain-id'],
    ['genesis.json', 'chain-id', undefined, 'chain_id'],
    ['genesis.json', 'consensus_params.block.max_byte', undefined, 'consensus_params.block.max_bytes'],
  ];
  for (const [file, key, dialect, suggestion] of cases) {
    test(`${file}, ${dialect ?? 'any node'}: ${key} means ${suggestion ?? 'nothing that is known'}`, () => {
      assert.equal(isKnownKey(file, key.split('.'), dialect), false);
      assert.equal(suggestKey(file, key.split('.'), dialect), suggestion);
    });
  }

  test('a key of a section that the file alone has is near to those beside it', () => {
    assert.equal(
      suggestKey('app.toml', ['oracle', 'client_timout'], 'cometbft', ['client_timeout', 'enabled']),
      'oracle.client_timeout',
    );
  });
});

describe('unknown keys', () => {
  test('a key that the file has is known to somebody, a new one beside it is not', () => {
    const before = { p2p: { own_key: 1n }, fork: { a: 1n } };
    const after = { p2p: { own_key: 2n, other: 1n, seeds: 'x' }, fork: { a: 1n, b: 1n }, made: { up: { x: 1n } } };
    assert.deepEqual(findAddedUnknown('config.toml', before, after, 'cometbft'), {
      listed: [
        { file: 'config.toml', key: 'p2p.other' },
        { file: 'config.toml', key: 'fork.b' },
        { file: 'config.toml', key: 'made' },
      ],
      count: 3,
    });
  });

  test('in the state of a genesis only a key near to one of the file is told', () => {
    const before = { app_state: { staking: { unbonding_time: '1s' } } };
    const after = { app_state: { staking: { unbonding_time: '1s', unbonding_tme: '2s' }, new_module: {} } };
    assert.deepEqual(findAddedUnknown('genesis.json', before, after, undefined).listed, [
      { file: 'genesis.json', key: 'app_state.staking.unbonding_tme', suggestion: 'app_state.staking.unbonding_time' },
    ]);
  });

  test('in app.toml the keys of a chain are its own, and slips are told', () => {
    const document = { oracle: { enabled: true }, 'min-gas': 1n, api: { enabel: true }, pruninng: 'nothing' };
    assert.deepEqual(
      findUnknownIn('app.toml', document, 'cometbft').listed.map(({ key, suggestion }) => [key, suggestion]),
      [
        ['api.enabel', 'api.enable'],
        ['pruninng', 'pruning'],
      ],
    );
  });

  test('of many only the first are listed, and all are counted', () => {
    const document = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`made_up_${index}`, 1n]));
    const { listed, count } = findUnknownIn('config.toml', document, 'cometbft');
    assert.equal(listed.length, maxListed);
    assert.equal(count, 5000);
    assert.equal(findUnknownIn('app.toml', document, 'cometbft').count, 0);
  });

  test('a key is told with at most 160 signs of it', () => {
    const [found] = findUnknownIn('config.toml', { ['x'.repeat(100_000)]: 1n }, 'cometbft').listed;
    assert.equal(found?.key.length, 160);
  });
});
