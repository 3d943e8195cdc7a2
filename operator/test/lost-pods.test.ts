import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { HeldTask, messageOf, onAgent, PodFaults, taskIDOf } from './support/pod-faults.ts';
import { pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Rows of docs/failure-matrix.md: pods that go, come back under their name, and lose their volume. Each test has a pod of its own. */
let cluster: Cluster;
let pods: PodFaults;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  pods = new PodFaults(cluster);
});

after(async () => {
  await cluster.stop();
});

const together = { concurrency: 4, timeout: 300_000 };
const missesPod = (nodeTask: Parameters<typeof reasonOf>[0]): boolean =>
  reasonOf(nodeTask, 'Reconciling') === 'NoTarget';

describe('a one-shot that runs', together, () => {
  test('fails when its pod does not come back within the wait budget', async () => {
    await pods.create('vanished');
    await using held = await HeldTask.create(cluster, 'vanished', { target: { podName: 'vanished', waitSeconds: 2 } });
    await held.run();
    await pods.remove('vanished', 'kept');
    const done = await held.until('to end', (nodeTask) => reasonOf(nodeTask, 'Finished') !== undefined);
    assert.equal(done.status?.phase, 'Failed');
    assert.equal(reasonOf(done, 'Failed'), 'NoTarget');
    assert.match(messageOf(done), /there is no pod vanished; .*; gave up after spec\.target\.waitSeconds \(2 s\)/);
    await held.until('to be let go', ({ metadata }) => metadata.finalizers === undefined);
  });

  test('goes on under the same id in a new pod with the old volume', async () => {
    await pods.create('moved');
    await using held = await HeldTask.create(cluster, 'moved');
    const earlier = await held.run();
    await pods.remove('moved', 'kept');
    const waiting = await held.until('to miss its pod', missesPod);
    assert.equal(waiting.status?.phase, 'Running');
    held.hangUp();
    const agent = await pods.create('moved');
    await held.connected();
    const again = await held.until('to run again', (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'Running');
    assert.equal(taskIDOf(again), taskIDOf(earlier));
    assert.equal((await onAgent(agent, taskIDOf(earlier)))?.run, 1);
  });

  test('is dispatched again under the same id to a new pod with an empty volume', async () => {
    await pods.create('reborn');
    await using held = await HeldTask.create(cluster, 'reborn');
    const earlier = await held.run();
    await pods.remove('reborn', 'lost');
    await held.until('to miss its pod', missesPod);
    held.hangUp();
    await pods.create('reborn');
    await held.connected();
    held.hangUp();
    const done = await held.until('to end', (nodeTask) => reasonOf(nodeTask, 'Finished') !== undefined);
    assert.equal(taskIDOf(done), taskIDOf(earlier));
    assert.equal(done.status?.targets?.[0]?.attempt, 1);
  });

  test('is dispatched again under the same id where its agent lost the journal in the same pod', async () => {
    await pods.create('wiped');
    await using held = await HeldTask.create(cluster, 'wiped');
    const earlier = await held.run();
    held.hangUp();
    await pods.wipe('wiped');
    await held.connected();
    assert.equal((await onAgent(cluster.agent('wiped'), taskIDOf(earlier)))?.status, 'running');
    held.hangUp();
    const done = await held.until('to end', (nodeTask) => reasonOf(nodeTask, 'Finished') !== undefined);
    assert.equal(taskIDOf(done), taskIDOf(earlier));
  });

  test('that is deleted while its pod is away goes at once, and its agent stops it when it is back', async () => {
    await pods.create('orphan');
    await using held = await HeldTask.create(cluster, 'orphan');
    const running = await held.run();
    await pods.remove('orphan', 'kept');
    await cluster.admin.delete(pathOf(cluster, 'orphan'));
    await cluster.untilNodeTask('orphan', (object) => object === undefined, { what: 'orphan to be gone' });
    // Its volume was kept: the agent takes the task up again, until it hears that nobody waits for it.
    const agent = await pods.create('orphan');
    const path = `/v0/tasks/${taskIDOf(running)}`;
    await waitFor(async () => (await agent.request('GET', path)).status === 404, {
      what: 'the task to be forgotten',
      timeoutMs: 60_000,
    });
  });
});

describe('a one-shot that does not run', together, () => {
  test('keeps its place in the queue while its pod is replaced, and runs there', async () => {
    await pods.create('queue');
    await using held = await HeldTask.create(cluster, 'queue');
    await held.run();
    await cluster.applyNodeTask('queued', { type: 'mark-ready', target: { podName: 'queue' } });
    await until(cluster, 'queued', 'to queue', ({ status }) => status?.phase === 'Queued');
    await pods.remove('queue', 'kept');
    await until(cluster, 'queued', 'to miss its pod', missesPod);
    held.hangUp();
    await pods.create('queue');
    await held.connected();
    await until(cluster, 'queued', 'to queue again', ({ status }) => status?.phase === 'Queued');
    held.hangUp();
    assert.equal((await untilFinished(cluster, 'queued')).status?.phase, 'Succeeded');
  });

  test('makes its next attempt in the pod that has come meanwhile', async () => {
    await pods.create('retry');
    const retry = { limit: 1, backoffSeconds: 3 };
    await using held = await HeldTask.create(cluster, 'retry', { retry });
    const first = await held.run();
    held.hangUp();
    const pausing = await held.until('to pause', (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'BackingOff');
    assert.equal(taskIDOf(pausing), taskIDOf(first));
    await pods.replace('retry', 'lost');
    await held.connected();
    const second = await held.until('to run', ({ status }) => status?.targets?.[0]?.attempt === 2);
    assert.notEqual(taskIDOf(second), taskIDOf(first));
    assert.equal(await onAgent(cluster.agent('retry'), taskIDOf(first)), undefined);
  });

  test('stays as it ended, whatever becomes of its pod', async () => {
    await pods.create('done');
    await cluster.applyNodeTask('done', { type: 'mark-ready', target: { podName: 'done' } });
    await untilFinished(cluster, 'done');
    const ended = await until(cluster, 'done', 'to be let go', ({ metadata }) => metadata.finalizers === undefined);
    const agent = await pods.replace('done', 'lost');
    // One that is applied later and done shows that the operator has seen the new pod.
    await cluster.applyNodeTask('after-done', { type: 'mark-ready', target: { podName: 'done' } });
    await untilFinished(cluster, 'after-done');
    assert.equal(await onAgent(agent, taskIDOf(ended)), undefined);
    const still = await until(cluster, 'done', 'to be there', () => true);
    assert.deepEqual(still.status, ended.status);
  });
});

const nightly = (podName: string, more: object = {}): Record<string, unknown> => ({
  type: 'config-validate',
  target: { podName },
  async: { schedule: { cron: '0 3 * * *' } },
  ...more,
});

const daemonRunsOn = async (volume: 'kept' | 'lost'): Promise<void> => {
  const name = `daemon-${volume}`;
  await pods.create(name);
  await using held = await HeldTask.daemon(cluster, name);
  const first = await held.run();
  held.hangUp();
  await pods.replace(name, volume);
  await held.connected();
  const again = await held.until('to run again', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'DaemonRunning');
  assert.equal(taskIDOf(again), taskIDOf(first));
};

describe('a schedule or a daemon', together, () => {
  test('that has stalled for want of a pod goes on by itself when that comes', async () => {
    await cluster.applyNodeTask('late', nightly('late', { target: { podName: 'late', waitSeconds: 1 } }));
    const stalled = await until(
      cluster,
      'late',
      'to stall',
      (nodeTask) => reasonOf(nodeTask, 'Stalled') === 'NoTarget',
    );
    assert.equal(reasonOf(stalled, 'Finished'), undefined);
    await pods.create('late');
    await until(cluster, 'late', 'to be scheduled', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'Scheduled');
  });

  test('that is suspended is not sent to a new pod before it is resumed', async () => {
    await pods.create('asleep');
    await cluster.applyNodeTask('asleep', nightly('asleep'));
    const first = await until(cluster, 'asleep', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
    await cluster.applyNodeTask('asleep', nightly('asleep', { suspend: true }));
    await until(cluster, 'asleep', 'to be suspended', ({ status }) => status?.phase === 'Suspended');
    const agent = await pods.replace('asleep', 'lost');
    const held = await until(
      cluster,
      'asleep',
      'to be held back',
      ({ status }) => status?.targets?.[0]?.message === 'held back by spec.suspend',
    );
    assert.equal(reasonOf(held, 'Ready'), 'Suspended');
    assert.equal(await onAgent(agent, taskIDOf(first)), undefined);
    await cluster.applyNodeTask('asleep', nightly('asleep', { suspend: false }));
    await until(cluster, 'asleep', 'to be scheduled again', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'Scheduled');
    assert.equal((await onAgent(agent, taskIDOf(first)))?.status, 'running');
  });

  test('a daemon runs on in a new pod with the old volume', async () => daemonRunsOn('kept'));

  test('a daemon runs on in a new pod with an empty volume', async () => daemonRunsOn('lost'));

  test('stays with its own pod where another gets a clone of the volume', async () => {
    const original = await pods.create('original');
    await cluster.applyNodeTask('original', nightly('original'));
    const first = await until(cluster, 'original', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);
    const copy = await pods.clone('original', 'copy');
    assert.equal(await onAgent(copy, taskIDOf(first)), undefined, 'the journal names another pod: it was set aside');
    await cluster.applyNodeTask('on-copy', { type: 'mark-ready', target: { podName: 'copy' } });
    assert.equal((await untilFinished(cluster, 'on-copy')).status?.phase, 'Succeeded');
    await waitFor(async () => (await onAgent(original, taskIDOf(first)))?.status === 'running', {
      what: 'the schedule on its own pod',
      timeoutMs: 60_000,
    });
  });
});
