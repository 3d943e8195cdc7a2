import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Chain, type Cluster, startChain, startCluster } from '@nodetask/testbed';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** A schedule by block height, on a chain that makes blocks. */
let cluster: Cluster;
let chain: Chain;

before(async () => {
  [cluster, chain] = await Promise.all([startCluster(), startChain()]);
  const { home, rpcUrl } = chain.validator;
  await cluster.createAgentPod('node-0', { home, nodeRPC: rpcUrl });
});

after(async () => {
  await Promise.all([cluster.stop(), chain.stop()]);
});

test('fires once at its height and has succeeded then, also over a restart of the operator', async () => {
  const blockHeight = (await chain.validator.height()) + 40;
  await cluster.applyNodeTask('at-height', {
    type: 'config-validate',
    target: { podName: 'node-0' },
    async: { schedule: { blockHeight } },
  });
  const waiting = await until(cluster, 'at-height', 'to be scheduled', (o) => reasonOf(o, 'Ready') !== undefined);
  assert.equal(waiting.status?.phase, 'Scheduled');
  assert.equal(waiting.status?.conditions?.[0]?.message, `waits for block ${blockHeight}`);
  await cluster.operator.restart();

  const done = await untilFinished(cluster, 'at-height');
  const [row] = done.status?.targets ?? [];
  assert.equal(row?.runs?.length, 1);
  assert.equal(row?.taskID, waiting.status?.targets?.[0]?.taskID);
  const succeeded = row?.result?.status === 'completed';
  assert.equal(done.status?.phase, succeeded ? 'Succeeded' : 'Failed', JSON.stringify(row));
  assert.equal(
    done.status?.conditions?.find(({ type }) => type === 'LastRunSucceeded')?.status,
    succeeded ? 'True' : 'False',
  );
  assert.ok((await chain.validator.height()) >= blockHeight);
});
