import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type Chain, type ChainNode, startChain, waitFor } from '@nodetask/testbed';
import type { TaskReport } from '../src/engine/task-handler.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { nodeHome } from '../src/node/node-home.ts';
import { createRpcClient } from '../src/node/rpc-client.ts';
import { configureStateSync } from '../src/tasks/configure-state-sync/configure-state-sync.ts';
import { discoverPeers } from '../src/tasks/discover-peers/discover-peers.ts';
import { runTask } from '../src/tasks/testing/run-task.ts';

/** A new node gets its peers and its trust point from tasks alone, restores a snapshot of a real chain, and follows it. */

const snapshotInterval = 60;
let chain: Chain;
let witness: ChainNode;

before(async () => {
  chain = await startChain({ app: 'e2e', chainId: 'synced-1', snapshotInterval });
  witness = await chain.addFollower({ name: 'witness' });
  await witness.start();
});

after(async () => {
  await chain.stop();
});

const peersOf = async (node: ChainNode): Promise<readonly unknown[]> => {
  const { peers } = (await node.rpc('/net_info')) as { readonly peers: readonly unknown[] };
  return peers;
};

/** What runs the two tasks for a node. */
const tasksFor = (
  t: TestContext,
  node: ChainNode,
  others: readonly ChainNode[] = [chain.validator, witness],
): Readonly<Record<'discoverPeers' | 'configureStateSync', (params: object) => Promise<TaskReport>>> => {
  const egress = createEgress({ nodeRPC: node.rpcUrl, allowHosts: others.map(({ address }) => address) });
  t.after(() => egress.close());
  const rpc = createRpcClient(egress, systemClock);
  const options = {
    home: nodeHome(node.home),
    stateFolder: join(node.home, '.nodetask'),
    egress,
    rpc,
    clock: systemClock,
  };
  return {
    discoverPeers: (params) => runTask('discover-peers', discoverPeers(options), params),
    configureStateSync: (params) => runTask('configure-state-sync', configureStateSync(options), params),
  };
};

const sparse = (node: ChainNode): string => `moniker = "node"

[rpc]
laddr = "tcp://${node.address}:26657"

[p2p]
laddr = "tcp://${node.address}:26656"
`;

describe('configure-state-sync on a chain with snapshots', { timeout: 180_000 }, () => {
  test('a node whose peers and trust point tasks wrote restores a snapshot and follows the chain', async (t) => {
    await chain.validator.waitForHeight(2 * snapshotInterval + 5);
    await witness.waitUntilFollowing(chain.validator);
    const node = await chain.addFollower({
      name: 'synced',
      persistentPeers: [],
      config: { statesync: { discovery_time: '5s' } },
    });
    const addresses = [chain.validator.peerAddress, witness.peerAddress];
    const tasks = tasksFor(t, node);
    const discovered = await tasks.discoverPeers({ sources: [{ type: 'static', addresses }] });
    assert.deepEqual(discovered.output?.['peers'], addresses);

    // The witnesses are the hosts of those peers.
    const params = { trustHeightOffset: 30, trustPeriod: '24h0m0s' };
    const report = await tasks.configureStateSync(params);
    assert.equal(report.outcome, 'changed');
    assert.deepEqual(report.output?.['witnesses'], [chain.validator.rpcUrl, witness.rpcUrl]);
    assert.deepEqual(report.output['dropped'], []);
    const trustHeight = Number(report.output['trustHeight']);
    const trusted = await witness.trustAt(trustHeight);
    assert.equal(report.output['trustHash'], trusted.trust_hash);
    const text = await readFile(node.configFile, 'utf8');
    assert.match(text, new RegExp(`^trust_height = ${trustHeight}$`, 'm'));

    const again = await tasks.configureStateSync(params);
    assert.deepEqual([again.outcome, again.output?.['trustHeight']], ['unchanged', trustHeight]);
    assert.equal(await readFile(node.configFile, 'utf8'), text);

    await node.start();
    const reached = await node.waitUntilFollowing(chain.validator);
    const earliest = await node.earliestHeight();
    assert.ok(earliest > snapshotInterval, `it has blocks from ${earliest} on: it replayed the chain`);
    assert.equal(earliest % snapshotInterval, 1, 'its first block is the one after a snapshot');
    await node.waitForHeight(reached + 10);
    assert.deepEqual(await node.rpc(`/block?height=${reached}`), await chain.validator.rpc(`/block?height=${reached}`));

    // What it has pruned, or never had, it cannot vouch for.
    const next = await chain.addFollower({ name: 'next', persistentPeers: [] });
    const all = [chain.validator, witness, node];
    const rpcServers = all.map(({ rpcUrl }) => rpcUrl);
    const tip = Math.min(await chain.validator.height(), await witness.height(), await node.height());
    const dropping = await tasksFor(t, next, all).configureStateSync({ rpcServers, trustHeightOffset: tip - 10 });
    assert.deepEqual(dropping.output?.['witnesses'], rpcServers.slice(0, 2));
    assert.match(JSON.stringify(dropping.output['dropped']), new RegExp(`it begins at ${earliest}`));
    await node.stop();
  });

  test('a node with one witness, and with peers in upper case and with a scheme, starts and follows the chain', async (t) => {
    const node = await chain.addFollower({
      name: 'alone',
      persistentPeers: [],
      config: { statesync: { discovery_time: '5s' } },
    });
    const { nodeId, peerAddress } = chain.validator;
    const addresses = [peerAddress.replace(nodeId, nodeId.toUpperCase()), `tcp://${witness.peerAddress}`];
    const tasks = tasksFor(t, node);
    await tasks.discoverPeers({ sources: [{ type: 'static', addresses }] });
    const rpcServers = [`tcp://${chain.validator.address}:26657`];
    const params = { rpcServers, allowSingleWitness: true, trustHeightOffset: 30, trustPeriod: '24h0m0s' };
    const report = await tasks.configureStateSync(params);
    assert.deepEqual(report.output?.['witnesses'], [chain.validator.rpcUrl]);
    assert.match(String(report.warnings), /no other witness confirmed it/);
    await node.start();
    await node.waitUntilFollowing(chain.validator);
    assert.equal((await node.earliestHeight()) % snapshotInterval, 1, 'its first block is the one after a snapshot');
    assert.equal((await peersOf(node)).length, 2);
    await node.stop();
  });

  test('a node never connects to a peer whose id is in upper case, and connects to one with a scheme', async () => {
    const { nodeId, peerAddress } = chain.validator;
    const node = await chain.addFollower({
      name: 'spelling',
      persistentPeers: [peerAddress.replace(nodeId, nodeId.toUpperCase()), `tcp://${witness.peerAddress}`],
    });
    await node.start();
    await waitFor(
      async () =>
        (await readFile(join(node.home, 'node.log'), 'utf8')).includes(`dialed ID (${nodeId.toUpperCase()}) mismatch`),
      {
        what: 'the node to refuse the peer in upper case',
        timeoutMs: 60_000,
      },
    );
    await waitFor(async () => (await peersOf(node)).length > 0, { what: 'the peer with a scheme', timeoutMs: 60_000 });
    assert.match(JSON.stringify(await peersOf(node)), new RegExp(witness.nodeId));
    await node.stop();
  });

  test('a node with a sparse config.toml starts with what both tasks wrote, and has the peers', async (t) => {
    const addresses = [chain.validator.peerAddress, witness.peerAddress];
    const cases = [
      {
        name: 'sparse',
        text: (node: ChainNode) => `${sparse(node)}\n[consensus]\ntimeout_commit = "50ms"\n`,
        params: {},
      },
      // Without a key that tells which node it is for.
      { name: 'silent', text: sparse, params: { dialect: 'cometbft' } },
    ];
    await chain.validator.waitForHeight(2 * snapshotInterval);
    for (const { name, text, params } of cases) {
      const node = await chain.addFollower({ name, persistentPeers: [] });
      await writeFile(node.configFile, text(node));
      const tasks = tasksFor(t, node);
      await tasks.discoverPeers({ sources: [{ type: 'static', addresses }], ...params });
      await tasks.configureStateSync({ trustHeightOffset: 30, trustPeriod: '24h0m0s', ...params });
      // With keys that it does not know it would have no peers, and end for want of servers.
      await node.start();
      await waitFor(async () => (await peersOf(node)).length === 2, {
        what: `${name} to have 2 peers`,
        timeoutMs: 60_000,
      });
      await node.stop();
    }
  });
});
