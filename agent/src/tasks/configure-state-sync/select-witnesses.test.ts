import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { selectWitnesses, type Witness } from './select-witnesses.ts';

const witness = (name: string, latestHeight = 10_000, chainId = 'sei-1', nodeId = name): Witness => ({
  server: `http://${name}:26657`,
  status: { nodeId, chainId, latestHeight, earliestHeight: 1 },
});
const options = { ownId: 'own', ownChainId: 'sei-1', maxLag: 2_000 };
const names = (witnesses: readonly Witness[]): readonly string[] => witnesses.map(({ server }) => server);

describe('selecting witnesses', () => {
  test('drops this node, doubles, other chains and nodes without a block, and says why', () => {
    const all = [
      witness('a'),
      witness('b', 9_000),
      witness('own'),
      witness('alias', 10_000, 'sei-1', 'a'),
      witness('evil', 10_000, 'evil-1'),
      witness('empty', 0),
    ];
    const { witnesses, dropped } = selectWitnesses(all, options);
    assert.deepEqual(witnesses, all.slice(0, 2));
    assert.deepEqual(
      dropped.map(({ why }) => why),
      [
        'it is this node itself',
        'it is the same node as http://a:26657',
        'it is a node of chain evil-1; the genesis of this node is of sei-1',
        'it has no block yet',
      ],
    );
  });

  test('neither one that lags nor one that boasts moves the others', () => {
    const all = [witness('a', 10_000), witness('lag', 100), witness('b', 9_999), witness('boast', 9e15)];
    const { witnesses, dropped } = selectWitnesses(all, options);
    assert.deepEqual(names(witnesses), ['http://a:26657', 'http://b:26657', 'http://boast:26657']);
    assert.match(dropped[0]?.why ?? '', /at height 100, far behind the 9999 of the others/);
  });

  test('without a genesis the witnesses must be of one chain', () => {
    const noGenesis = { maxLag: 2_000 };
    assert.equal(selectWitnesses([witness('a'), witness('b')], noGenesis).witnesses.length, 2);
    assert.throws(() => selectWitnesses([witness('a'), witness('b', 1, 'evil-1')], noGenesis), {
      code: 'chain-mismatch',
      message: /http:\/\/a:26657.*sei-1.*http:\/\/b:26657.*evil-1/,
    });
  });

  test('every server is accounted for once, and witnesses are distinct nodes', () => {
    const any = fc
      .tuple(fc.domain(), fc.nat(20_000), fc.constantFrom('sei-1', 'evil-1'), fc.constantFrom('own', 'x', 'y', 'z'))
      .map(([name, height, chain, id]) => witness(name, height, chain, id));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 10 }), (all) => {
        const { witnesses, dropped } = selectWitnesses(all, options);
        assert.equal(witnesses.length + dropped.length, all.length);
        const ids = witnesses.map(({ status }) => status.nodeId);
        assert.equal(new Set(ids).size, ids.length);
        assert.ok(!ids.includes('own'));
      }),
    );
  });
});
