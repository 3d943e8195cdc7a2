import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { eventsOf, pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** spec.strategy on a real API server with real agents: who runs when, and what failures do to the rest. */
let cluster: Cluster;
let source: SilentSource;
/** By name sei-10 would be the first of them. */
const pods = ['sei-2', 'sei-9', 'sei-10'] as const;
const target = { selector: { matchLabels: { app: 'sei' } } };

before(async () => {
  cluster = await startCluster();
  await Promise.all(
    pods.map(async (name) => cluster.createAgentPod(name, { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] })),
  );
});

beforeEach(async () => {
  source = await SilentSource.start();
});

afterEach(async () => {
  await source[Symbol.asyncDispose]();
});

after(async () => {
  await cluster.stop();
});

/** Goes on, on each target, until the source hangs up; then it fails. */
const endless = (strategy: object): Readonly<Record<string, unknown>> => ({
  type: 'configure-genesis',
  target,
  params: { rpc: source.url },
  strategy: { order: 'Ordinal', ...strategy },
});

/** "sei-2 Running" for each target, in the order of their turns. */
const phases = ({ status }: NodeTask): readonly string[] =>
  pods.map((pod) => `${pod} ${status?.targets?.find((row) => row.pod === pod)?.phase ?? ''}`);

const untilPhases = async (name: string, ...wanted: readonly string[]): Promise<NodeTask> =>
  until(cluster, name, `to be ${wanted.join(', ')}`, (nodeTask) =>
    phases(nodeTask).every((phase, index) => phase.endsWith(` ${wanted[index] ?? ''}`)),
  );

const messageOf = ({ status }: NodeTask): string => status?.conditions?.[0]?.message ?? '';

test('without a strategy one target runs after the other; Ordinal puts sei-9 before sei-10', async () => {
  const orders = { Name: ['sei-10', 'sei-2', 'sei-9'], Ordinal: pods };
  for (const [order, expected] of Object.entries(orders)) {
    const name = `one-by-one-${order.toLowerCase()}`;
    const strategy = order === 'Name' ? {} : { strategy: { order } };
    await cluster.applyNodeTask(name, { type: 'mark-ready', target, ...strategy });
    const { status } = await untilFinished(cluster, name);
    assert.equal(status?.summary, '3/3');
    const results = expected.map((pod) => status?.targets?.find((row) => row.pod === pod)?.result);
    for (const [index, result] of results.entries()) {
      const previous = results[index - 1]?.completedAt ?? '';
      assert.ok(
        (result?.submittedAt ?? '') >= previous,
        `${expected[index] ?? ''} began after the end of the one before`,
      );
    }
  }
});

test('Stop: the first failure ends the rest, and their agents never hear of it', async () => {
  await cluster.applyNodeTask('stop', endless({ maxParallel: '67%' }));
  const running = await untilPhases('stop', 'Running', 'Running', 'Pending');
  assert.match(messageOf(running), /^0 of 3 targets done; runs on sei-2, sei-9; 1 to come$/);
  assert.equal(running.status?.targets?.find(({ pod }) => pod === 'sei-10')?.message, 'waits for its turn');

  await source[Symbol.asyncDispose]();
  const done = await untilFinished(cluster, 'stop');
  assert.equal(done.status?.phase, 'Failed');
  assert.equal(reasonOf(done, 'Failed'), 'TargetsFailed');
  assert.deepEqual(phases(done), ['sei-2 Failed', 'sei-9 Failed', 'sei-10 Cancelled']);
  assert.match(
    messageOf(done),
    /^2 of 3 targets failed; 1 not started \(spec\.retry would have tried again\): sei-2: /,
  );
  const spared = done.status?.targets?.find(({ pod }) => pod === 'sei-10');
  assert.match(
    spared?.message ?? '',
    /^not started: [12] targets? failed, more than spec\.strategy\.failureThreshold \(0\)$/,
  );
  assert.equal((await cluster.agent('sei-10').request('GET', `/v0/tasks/${spared?.taskID ?? ''}`)).status, 404);
});

test('Pause: waits, also for an operator that was started again, and goes on once the threshold is raised', async () => {
  await cluster.applyNodeTask('pause', endless({ onFailure: 'Pause' }));
  await source.connected();
  source.hangUp();
  const paused = await until(cluster, 'pause', 'to pause', ({ status }) => status?.phase === 'Suspended');
  assert.deepEqual(phases(paused), ['sei-2 Failed', 'sei-9 Pending', 'sei-10 Pending']);
  assert.equal(reasonOf(paused, 'Suspended'), 'FailureThreshold');
  assert.equal(reasonOf(paused, 'Reconciling'), undefined);
  assert.match(
    messageOf(paused),
    /to start the 2 to come, raise failureThreshold to 1 or more, or set onFailure to Continue/,
  );
  assert.ok((await eventsOf(cluster, 'pause')).length >= 1);

  await cluster.operator.kill();
  await cluster.operator.start();
  await cluster.applyNodeTask('pause', endless({ onFailure: 'Pause', failureThreshold: 3 }));
  await source.connected();
  await untilPhases('pause', 'Failed', 'Running', 'Pending');
  source.hangUp();
  await source.connected();
  source.hangUp();
  const done = await untilFinished(cluster, 'pause');
  assert.equal(done.status?.phase, 'Succeeded');
  assert.equal(reasonOf(done, 'Complete'), 'CompletedWithFailures');
  assert.deepEqual(done.status?.counts, { desired: 3, running: 0, succeeded: 0, failed: 3 });
});

test('Continue: all targets run, and more failures than the threshold are a failure at the end', async () => {
  await cluster.applyNodeTask('continue', endless({ onFailure: 'Continue', failureThreshold: '67%' }));
  for (const _ of pods) {
    await source.connected();
    source.hangUp();
  }
  const done = await untilFinished(cluster, 'continue');
  assert.equal(done.status?.phase, 'Failed');
  assert.deepEqual(phases(done), ['sei-2 Failed', 'sei-9 Failed', 'sei-10 Failed']);
  assert.match(messageOf(done), /^3 of 3 targets failed \(spec\.retry would have tried again\): /);
});

test('a paused rollout can be cancelled', async () => {
  await cluster.applyNodeTask('given-up', endless({ onFailure: 'Pause' }));
  await source.connected();
  source.hangUp();
  await until(cluster, 'given-up', 'to pause', ({ status }) => status?.phase === 'Suspended');
  await cluster.applyNodeTask('given-up', { ...endless({ onFailure: 'Pause' }), cancel: true });
  const done = await untilFinished(cluster, 'given-up');
  assert.deepEqual(phases(done), ['sei-2 Failed', 'sei-9 Cancelled', 'sei-10 Cancelled']);
  await cluster.admin.delete(pathOf(cluster, 'given-up'));
  await cluster.untilNodeTask('given-up', (object) => object === undefined, { what: 'given-up to be gone' });
});
