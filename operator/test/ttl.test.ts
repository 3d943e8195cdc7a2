import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { until, untilFinished } from './support/test-cluster.ts';

/** spec.ttlSecondsAfterFinished: real operator process with the rights that it is given, real API server. */
let cluster: Cluster;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  await cluster.createAgentPod('sei-0');
});

after(async () => {
  await cluster.stop();
});

const spec = { type: 'mark-ready', target: { podName: 'sei-0' } };

const untilGone = async (name: string): Promise<void> => {
  await cluster.untilNodeTask(name, (object) => object === undefined, { what: `${name} to be gone` });
};

test('a finished NodeTask goes when its time is over, and not before', async () => {
  await cluster.applyNodeTask('short', { ...spec, ttlSecondsAfterFinished: 2 });
  const done = await untilFinished(cluster, 'short');
  await untilGone('short');
  const heldMs = Date.now() - Date.parse(done.status?.completedAt ?? '');
  assert.ok(heldMs >= 2_000, `gone after ${heldMs} ms`);
});

test('what was finished before the operator came back goes as well', async () => {
  await cluster.applyNodeTask('early', { ...spec, ttlSecondsAfterFinished: 3 });
  await untilFinished(cluster, 'early');
  await cluster.operator.kill();
  await cluster.operator.start();
  await untilGone('early');
});

test('one that failed goes too; one that never finishes stays', async () => {
  await cluster.applyNodeTask('bad', { ...spec, type: 'config-validate', ttlSecondsAfterFinished: 0 });
  await untilGone('bad');
  const recurring = { schedule: { cron: '0 3 * * *' } };
  await cluster.applyNodeTask('nightly', {
    ...spec,
    type: 'config-validate',
    async: recurring,
    ttlSecondsAfterFinished: 0,
  });
  await until(cluster, 'nightly', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
});

test('one that others wait for stays until they have begun', async () => {
  const first = { ...spec, ttlSecondsAfterFinished: 0 };
  await cluster.applyNodeTask('second', { ...spec, dependsOn: ['first'], suspend: true });
  await cluster.applyNodeTask('first', first);
  const done = await untilFinished(cluster, 'first');
  await cluster.applyNodeTask('first', { ...first, ttlSecondsAfterFinished: 1 });
  const seen = await until(cluster, 'first', 'to be looked at again', ({ status }) => status?.observedGeneration === 2);
  assert.equal(seen.metadata.uid, done.metadata.uid, 'it is there although its time is over');
  await cluster.applyNodeTask('second', { ...spec, dependsOn: ['first'], suspend: false });
  const second: NodeTask = await untilFinished(cluster, 'second');
  assert.equal(second.status?.phase, 'Succeeded');
  await untilGone('first');
});

test('with a default of the operator, what says nothing of it goes as well, and what says more stays', async (t) => {
  await cluster.operator.stop();
  const operator = await cluster.startOperator({ leaderElect: false, args: ['--default-ttl-seconds', '1'] });
  t.after(async () => operator.stop());
  await cluster.applyNodeTask('patient', { ...spec, ttlSecondsAfterFinished: 3_600 });
  await untilFinished(cluster, 'patient');
  await cluster.applyNodeTask('silent', spec);
  await untilGone('silent');
  assert.equal((await untilFinished(cluster, 'patient')).status?.phase, 'Succeeded');
});
