import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startSdkChain, trustedSettings } from '@nodetask/testbed';
import type { ChainNode, ListedSnapshot, SdkChain } from '@nodetask/testbed';

const SNAPSHOT_INTERVAL = 20;

/** The node follows the chain from a snapshot on, and has the same blocks as `source`. */
async function assertFollows(node: ChainNode, source: ChainNode, snapshotHeight?: number): Promise<void> {
  const reached = await node.waitUntilFollowing(source);
  await node.waitForHeight(reached + 10);
  assert.deepEqual(await node.rpc(`/block?height=${reached}`), await source.rpc(`/block?height=${reached}`));
  const earliest = await node.earliestHeight();
  if (snapshotHeight !== undefined) assert.equal(earliest, snapshotHeight + 1);
  else assert.equal(earliest % SNAPSHOT_INTERVAL, 1, `its first block is ${earliest}`);
  assert.ok(earliest > SNAPSHOT_INTERVAL, `it has blocks from ${earliest} on: it replayed the chain`);
}

async function peersOf(node: ChainNode): Promise<string[]> {
  const { peers } = (await node.rpc('/net_info')) as { peers: { node_info: { id: string } }[] };
  return peers.map(({ node_info: info }) => info.id);
}

describe('a chain of the Cosmos SDK', { timeout: 240_000 }, () => {
  let chain: SdkChain;
  let validators: readonly [ChainNode, ChainNode];
  before(async () => {
    chain = await startSdkChain({ chainId: 'sdk-1', snapshotInterval: SNAPSHOT_INTERVAL });
    const [first, second] = chain.validators;
    assert.ok(first !== undefined && second !== undefined);
    validators = [first, second];
  });
  after(async () => {
    await chain.stop();
  });

  /** Packs the newest snapshot of the second validator, which stops meanwhile. */
  async function dumpNewest(): Promise<{ readonly snapshot: ListedSnapshot; readonly archive: string }> {
    const [, second] = validators;
    await chain.untilSnapshot(second, 2 * SNAPSHOT_INTERVAL);
    await second.stop();
    const commands = chain.commands(second.home);
    const [snapshot] = await commands.listSnapshots();
    assert.ok(snapshot !== undefined);
    const archive = join(second.home, `${snapshot.height}.tar.gz`);
    await commands.dumpSnapshot(snapshot, archive);
    await second.start();
    // A light client asks for the two blocks after the snapshot.
    await second.waitForHeight(snapshot.height + 3);
    return { snapshot, archive };
  }

  test('has two validators, and both sign its blocks', async () => {
    const [first, second] = validators;
    const height = await first.waitForHeight(5);
    await second.waitForHeight(height);
    assert.equal(await first.chainId(), 'sdk-1');
    const { signed_header: header } = (await first.rpc(`/commit?height=${height}`)) as {
      signed_header: { commit: { signatures: { block_id_flag: number }[] } };
    };
    assert.deepEqual(
      header.commit.signatures.map(({ block_id_flag: flag }) => flag),
      [2, 2],
    );
  });

  test('gives its nodes the files of every SDK chain', async () => {
    const { home } = validators[0];
    const app = await readFile(join(home, 'config', 'app.toml'), 'utf8');
    assert.match(app, /^snapshot-interval = 20$/m);
    assert.match(app, /^snapshot-keep-recent = 10$/m);
    await chain.untilSnapshot(validators[0], SNAPSHOT_INTERVAL);
    for (const folder of ['data/application.db', 'data/snapshots/metadata.db']) {
      assert.ok((await readdir(join(home, folder))).includes('CURRENT'), folder);
    }
  });

  test('takes a snapshot each interval, which the node lists when it has stopped', async () => {
    const [, second] = validators;
    await chain.untilSnapshot(second, 3 * SNAPSHOT_INTERVAL);
    await second.stop();
    const listed = await chain.commands(second.home).listSnapshots();
    await second.start();
    assert.ok(listed.length >= 3, JSON.stringify(listed));
    for (const [index, { height, format, chunks }] of listed.toReversed().entries()) {
      assert.equal(height, (index + 1) * SNAPSHOT_INTERVAL);
      assert.equal(format, 3);
      assert.equal(chunks, 1);
    }
    // Both are needed for a block.
    await second.waitForHeight((await second.height()) + 3);
  });

  test('a node that is restored with the commands of the SDK follows, and a third one state-syncs from it', async () => {
    const [first] = validators;
    const { snapshot, archive } = await dumpNewest();
    const restored = await chain.addNode({ name: 'restored' });
    await restored.configure({ statesync: await trustedSettings(validators, snapshot.height) });
    const commands = chain.commands(restored.home);
    await commands.loadSnapshot(archive);
    assert.deepEqual(await commands.listSnapshots(), [snapshot]);
    await commands.restoreSnapshot(snapshot);
    await commands.bootstrapState();
    await restored.start();
    await assertFollows(restored, first, snapshot.height);

    await chain.untilSnapshot(restored, snapshot.height + 2 * SNAPSHOT_INTERVAL);
    const synced = await chain.addNode({
      name: 'synced',
      persistentPeers: [restored.peerAddress],
      config: {
        // No other node is to give it a snapshot.
        p2p: { pex: false, max_num_inbound_peers: 0 },
        statesync: {
          ...(await trustedSettings([restored, first], snapshot.height + 1)),
          enable: true,
          discovery_time: '5s',
        },
      },
    });
    await synced.start();
    await assertFollows(synced, first);
    assert.deepEqual(await peersOf(synced), [restored.nodeId]);
  });

  test('a node that is restored by half does not start', async () => {
    const { snapshot, archive } = await dumpNewest();
    const node = await chain.addNode({ name: 'half' });
    await node.configure({ statesync: await trustedSettings(validators, snapshot.height) });
    const commands = chain.commands(node.home);
    await commands.loadSnapshot(archive);
    await assert.rejects(commands.bootstrapState(), /negative or zero height/);
    await commands.restoreSnapshot(snapshot);
    await assert.rejects(node.start(), { name: 'ProcessEndedError' });
    assert.match(await node.process.log(), /panic: state.AppHash does not match/);
  });

  test('a node without a state-sync snapshot replays the chain from its first block', async () => {
    const node = await chain.addNode({ name: 'replayed' });
    await node.start();
    await node.waitUntilFollowing(validators[0]);
    assert.equal(await node.earliestHeight(), 1);
  });

  test('a large state makes snapshots of several chunks', async () => {
    await using large = await startSdkChain({ validators: 1, snapshotInterval: 5, fillerMiB: 15 });
    const [validator] = large.validators;
    assert.ok(validator !== undefined);
    await large.untilSnapshot(validator, 5);
    await validator.stop();
    const listed = await large.commands(validator.home).listSnapshots();
    assert.deepEqual(listed.at(-1), { height: 5, format: 3, chunks: 2 });
  });

  test('stop leaves no process and no folder', async () => {
    const own = await startSdkChain({ validators: 1 });
    const [validator] = own.validators;
    assert.ok(validator !== undefined);
    const { exited } = validator.process;
    await own.stop();
    assert.notEqual((await exited).signal, 'SIGKILL');
    await assert.rejects(stat(validator.home), { code: 'ENOENT' });
  });
});
