import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { countText } from '@nodetask/shared';
import { type Chain, type Cluster, startChain, startCluster } from '@nodetask/testbed';
import { Judges } from './support/judges.ts';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';
import { VersionRecorder } from './support/version-recorder.ts';

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
  assert.equal(waiting.status?.conditions?.[0]?.message, `next at height ${countText(blockHeight)}`);
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

test('is judged as a schedule before its height, and by its one run after', { timeout: 240_000 }, async () => {
  await using recorder = await VersionRecorder.start(cluster);
  const judges = await Judges.of(cluster, recorder);
  // On an empty home there is nothing to validate.
  await cluster.createAgentPod('empty-0', { nodeRPC: chain.validator.rpcUrl });
  const ends = {
    good: { task: { type: 'mark-ready', target: { podName: 'node-0' } }, state: 'succeeded', phase: 'Succeeded' },
    bad: {
      task: { type: 'config-validate', target: { podName: 'empty-0' } },
      state: 'failed: the task, its parameters, its time limit, no pod, what it depends on',
      phase: 'Failed',
    },
  } as const;
  for (const [name, { task, state, phase }] of Object.entries(ends)) {
    const far = { schedule: { blockHeight: 1_000_000_000 } };
    await cluster.applyNodeTask(name, { ...task, async: far });
    await judges.check(name, 'schedule, waits for its time', ({ status }) => status?.phase === 'Scheduled');
    // The height itself never changes in place: another run has another one.
    const near = { schedule: { blockHeight: (await chain.validator.height()) + 5 } };
    await cluster.applyNodeTask(name, { ...task, async: near, runID: '2' });
    await judges.check(name, state, ({ status }) => status?.phase === phase && status.runID === '2');
    // Between the two it may be seen waiting for its height, or not: that is a matter of moments.
    const [last] = recorder.versions(name).slice(-1);
    assert.equal(last?.status?.targets?.[0]?.runs?.length, 1);
  }
});
