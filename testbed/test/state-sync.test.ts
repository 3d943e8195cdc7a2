import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { startChain } from '@nodetask/testbed';
import type { Chain, ChainNode } from '@nodetask/testbed';

const SNAPSHOT_INTERVAL = 60;

describe('state sync on a chain with snapshots', { timeout: 120_000 }, () => {
  let chain: Chain;
  let witness: ChainNode;
  before(async () => {
    chain = await startChain({ app: 'e2e', chainId: 'synced-1', snapshotInterval: SNAPSHOT_INTERVAL });
    // CometBFT wants two servers that it can hold against each other.
    witness = await chain.addFollower({ name: 'witness' });
    await witness.start();
  });
  after(async () => {
    await chain.stop();
  });

  test('a new node restores a snapshot and follows the chain from there', async () => {
    await chain.validator.waitForHeight(2 * SNAPSHOT_INTERVAL + 5);
    await witness.waitUntilFollowing(chain.validator);
    const follower = await chain.addFollower({
      name: 'synced',
      config: {
        statesync: {
          enable: true,
          rpc_servers: [chain.validator.rpcUrl, witness.rpcUrl].join(','),
          ...(await witness.trustAt(SNAPSHOT_INTERVAL)),
          trust_period: '168h0m0s',
          discovery_time: '5s',
        },
      },
    });
    await follower.start();
    const reached = await follower.waitUntilFollowing(chain.validator);
    const earliest = await follower.earliestHeight();
    assert.ok(earliest > SNAPSHOT_INTERVAL, `it has blocks from ${earliest} on: it replayed the chain`);
    // The first block after the snapshot.
    assert.equal(earliest % SNAPSHOT_INTERVAL, 1);
    await follower.waitForHeight(reached + 10);
    assert.deepEqual(
      await follower.rpc(`/block?height=${reached}`),
      await chain.validator.rpc(`/block?height=${reached}`),
    );
    await follower.stop();
  });

  test('the application goes on from its home after a kill', async () => {
    const reached = await chain.validator.height();
    await chain.validator.process.kill();
    await chain.validator.start();
    await chain.validator.waitForHeight(reached + 3);
  });

  test('a follower can be made without peers, for a task to write them', async () => {
    const alone = await chain.addFollower({ name: 'alone', persistentPeers: [] });
    assert.match(await readFile(alone.configFile, 'utf8'), /^persistent_peers = ""$/m);
    assert.equal(await readFile(alone.genesisFile, 'utf8'), await readFile(chain.validator.genesisFile, 'utf8'));
  });
});
