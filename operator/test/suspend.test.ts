import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NodeTask, TaskResult } from '@nodetask/shared';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** spec.suspend: real operator process, real agents. */
let cluster: Cluster;
let source: SilentSource;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  source = await SilentSource.start();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

const target = { podName: 'sei-0' };
const isSuspended = (nodeTask: NodeTask): boolean => reasonOf(nodeTask, 'Suspended') === 'Suspended';
const rowID = ({ status }: NodeTask): string => status?.targets?.[0]?.taskID ?? '';

test('a one-shot waits, over a restart of the operator too, and runs when it is resumed', async () => {
  const spec = { type: 'mark-ready', target };
  await cluster.applyNodeTask('later', { ...spec, suspend: true });
  const held = await until(cluster, 'later', 'to be suspended', isSuspended);
  assert.equal(held.status?.phase, 'Suspended');
  assert.equal(reasonOf(held, 'Reconciling'), undefined);
  assert.equal(held.metadata.finalizers, undefined);
  await cluster.operator.restart();
  assert.equal((await cluster.agent('sei-0').request('GET', `/v0/tasks/${rowID(held)}`)).status, 404);
  await cluster.applyNodeTask('later', { ...spec, suspend: false });
  const done = await untilFinished(cluster, 'later');
  assert.equal(done.status?.phase, 'Succeeded');
  assert.equal(reasonOf(done, 'Suspended'), undefined);
});

test('a one-shot that runs goes on', async () => {
  const spec = { type: 'configure-genesis', target, params: { rpc: source.url } };
  await cluster.applyNodeTask('running', spec);
  await source.connected();
  await until(cluster, 'running', 'to run', ({ status }) => status?.phase === 'Running');
  await cluster.applyNodeTask('running', { ...spec, suspend: true });
  await until(cluster, 'running', 'to be looked at', ({ status }) => status?.observedGeneration === 2);
  source.hangUp();
  assert.equal((await untilFinished(cluster, 'running')).status?.phase, 'Failed');
});

test('a schedule is suspended and resumed on its agent, in place', async () => {
  const spec = { type: 'config-validate', target, async: { schedule: { cron: '0 3 * * *' } } };
  await cluster.applyNodeTask('nightly', spec);
  const scheduled = await until(
    cluster,
    'nightly',
    'to have a next run',
    ({ status }) => status?.nextRunAt !== undefined,
  );
  const onAgent = async (): Promise<TaskResult> =>
    (await cluster.agent('sei-0').request('GET', `/v0/tasks/${rowID(scheduled)}`)).body as TaskResult;

  await cluster.applyNodeTask('nightly', { ...spec, suspend: true });
  const held = await until(
    cluster,
    'nightly',
    'to be suspended',
    (o) => isSuspended(o) && o.status?.nextRunAt === undefined,
  );
  assert.equal(reasonOf(held, 'Ready'), 'Suspended');
  assert.equal(held.status?.phase, 'Suspended');
  assert.equal(rowID(held), rowID(scheduled));
  assert.equal((await onAgent()).async?.schedule?.suspend, true);

  await cluster.operator.restart();
  await cluster.applyNodeTask('nightly', { ...spec, suspend: false });
  const resumed = await until(
    cluster,
    'nightly',
    'to have a next run again',
    (o) => reasonOf(o, 'Ready') === 'Scheduled' && o.status?.nextRunAt !== undefined,
  );
  assert.equal(rowID(resumed), rowID(scheduled));
  assert.equal(reasonOf(resumed, 'Suspended'), undefined);
  assert.equal((await onAgent()).async?.schedule?.suspend, false);
});
