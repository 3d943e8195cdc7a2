import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { startCluster, startS3, startSdkChain } from '@nodetask/testbed';
import type { ChainNode, Cluster, S3Server, SdkChain } from '@nodetask/testbed';
import { hasCondition, output } from '../demo/step.ts';

const CHAIN_ID = 'sdk-restored-1';
const BUCKET = 'snapshots';
const SNAPSHOT_INTERVAL = 20;

/** The tasks move a snapshot from the home of one node of the Cosmos SDK to that of another, and the other node is the judge of it. */
describe('a node of the Cosmos SDK that tasks have restored', { timeout: 300_000 }, () => {
  const parts = new AsyncDisposableStack();
  let cluster: Cluster;
  let s3: S3Server;
  let chain: SdkChain;
  let validators: readonly [ChainNode, ChainNode];

  before(async () => {
    s3 = parts.use(await startS3({ buckets: [BUCKET] }));
    cluster = parts.use(await startCluster());
    chain = parts.use(
      await startSdkChain({ chainId: CHAIN_ID, snapshotInterval: SNAPSHOT_INTERVAL, timeoutCommit: '100ms' }),
    );
    const [first, second] = chain.validators;
    assert.ok(first !== undefined && second !== undefined);
    validators = [first, second];
  });
  after(async () => {
    await parts.disposeAsync();
  });

  const makePod = (name: string, home?: string) =>
    cluster.createAgentPod(name, {
      ...(home === undefined ? {} : { home }),
      env: s3.environment,
      allowHosts: [s3.host, ...validators.map(({ address }) => address)],
    });

  /** Applies the task and waits for its end; answers its output, or fails with what its status says. */
  const succeed = async (type: string, podName: string, params: object): Promise<Readonly<Record<string, unknown>>> => {
    const name = `${podName}-${type}`;
    await cluster.applyNodeTask(name, { type, target: { podName }, params, retry: { limit: 5 } });
    const task = await cluster.untilNodeTask<NodeTask>(
      name,
      (seen) => seen !== undefined && hasCondition(seen, 'Finished'),
      { what: `${name} to finish`, timeoutMs: 60_000 },
    );
    assert.ok(task !== undefined, `${name} is gone`);
    assert.equal(task.status?.phase, 'Succeeded', JSON.stringify(task.status, null, 2));
    return output(task);
  };

  const configureStateSync = (podName: string) =>
    succeed('configure-state-sync', podName, {
      rpcServers: validators.map(({ rpcUrl }) => rpcUrl),
      trustHeightOffset: 10,
    });

  test('follows the chain from the snapshot on, and gives snapshots of its own to the next node', async (t) => {
    const [source] = validators;
    await chain.untilSnapshot(source, 2 * SNAPSHOT_INTERVAL);
    await makePod('source', source.home);
    const uploaded = await succeed('snapshot-upload', 'source', { ...s3.params(BUCKET), compression: 'zstd' });

    const { home } = await makePod('target');
    const { height } = await succeed('snapshot-restore', 'target', { ...s3.params(BUCKET), chainId: CHAIN_ID });
    assert.equal(height, uploaded['height']);
    const target = await chain.addNode({ home });
    await configureStateSync('target');

    const commands = chain.commands(home);
    const listed = await commands.listSnapshots();
    t.diagnostic(`restored ${String(height)}; metadata.db lists ${listed.map((one) => one.height).join()}`);
    const snapshot = listed.find((one) => one.height === height);
    assert.ok(snapshot !== undefined, `${String(height)} is not among ${JSON.stringify(listed)}`);
    await commands.restoreSnapshot(snapshot);
    await commands.bootstrapState();
    await target.start();
    const reached = await target.waitUntilFollowing(source);
    await target.waitForHeight(reached + 10);
    assert.equal(await target.earliestHeight(), snapshot.height + 1);
    assert.deepEqual(await target.rpc(`/block?height=${reached}`), await source.rpc(`/block?height=${reached}`));
    assert.match(await readFile(target.process.logFile, 'utf8'), /Found local state with non-zero height/);

    // The next node asks for the newest snapshot: one that the restored node has taken itself.
    await chain.untilSnapshot(target, reached);
    const next = await chain.addNode({
      persistentPeers: [target.peerAddress],
      config: { p2p: { pex: false, max_num_inbound_peers: 0 }, statesync: { discovery_time: '5s' } },
    });
    await makePod('next', next.home);
    await configureStateSync('next');
    await next.start();
    await next.waitUntilFollowing(source);
    const earliest = await next.earliestHeight();
    assert.equal(earliest % SNAPSHOT_INTERVAL, 1);
    assert.ok(earliest > reached, `its first block is ${earliest}`);
  });
});
