import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startSdkChain, trustedSettings } from '@nodetask/testbed';
import type { ChainNode, SdkChain } from '@nodetask/testbed';

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
    await validators[0].waitForHeight(SNAPSHOT_INTERVAL + 2);
    for (const folder of ['data/application.db', 'data/snapshots/metadata.db']) {
      assert.ok((await readdir(join(home, folder))).includes('CURRENT'), folder);
    }
  });

  test('takes a snapshot each interval, which the node lists when it has stopped', async () => {
    const [, second] = validators;
    await second.waitForHeight(3 * SNAPSHOT_INTERVAL + 2);
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
    const [first, second] = validators;
    await second.waitForHeight(3 * SNAPSHOT_INTERVAL + 2);
    await second.stop();
    const source = chain.commands(second.home);
    const [snapshot] = await source.listSnapshots();
    assert.ok(snapshot !== undefined);
    const archive = join(second.home, 'snapshot.tar.gz');
    await source.dumpSnapshot(snapshot, archive);
    await second.start();
    // A light client asks for the two blocks after the snapshot.
    await second.waitForHeight(snapshot.height + 3);

    const restored = await chain.addNode({ name: 'restored' });
    await restored.configure({ statesync: await trustedSettings(validators, snapshot.height) });
    const commands = chain.commands(restored.home);
    await commands.loadSnapshot(archive);
    assert.deepEqual(await commands.listSnapshots(), [snapshot]);
    await commands.restoreSnapshot(snapshot);
    await commands.bootstrapState();
    await restored.start();
    await assertFollows(restored, first, snapshot.height);

    await restored.waitForHeight(snapshot.height + 2 * SNAPSHOT_INTERVAL);
    const synced = await chain.addNode({
      name: 'synced',
      persistentPeers: [restored.peerAddress],
      config: {
        // It is to learn of no other node.
        p2p: { pex: false },
        statesync: {
          ...(await trustedSettings([restored, first], snapshot.height + 1)),
          enable: true,
          discovery_time: '5s',
        },
      },
    });
    await synced.start();
    await assertFollows(synced, first);
  });

  test('a node without a state-sync snapshot replays the chain from its first block', async () => {
    const node = await chain.addNode({ name: 'replayed' });
    await node.start();
    await node.waitUntilFollowing(validators[0]);
    assert.equal(await node.earliestHeight(), 1);
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
