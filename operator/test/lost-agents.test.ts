import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { applyOverdueSchedule, halfAnHourAway } from './support/overdue-schedule.ts';
import { HeldTask, messageOf, onAgent, PodFaults, taskIDOf } from './support/pod-faults.ts';
import { pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Rows of docs/failure-matrix.md: agents that are killed, stand still or cannot be reached, and an operator that is killed. */
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
const isUnreachable = (nodeTask: NodeTask): boolean => reasonOf(nodeTask, 'Reconciling') === 'AgentUnreachable';
const hasEnded = (nodeTask: NodeTask): boolean => reasonOf(nodeTask, 'Finished') !== undefined;

describe('an agent that is killed and started again', together, () => {
  test('goes on with the one-shot that it ran', async () => {
    const agent = await pods.create('killed');
    await using held = await HeldTask.create(cluster, 'killed');
    const earlier = await held.run();
    await agent.kill();
    held.hangUp();
    await agent.start();
    await held.connected();
    assert.equal((await onAgent(agent, taskIDOf(earlier)))?.run, 1);
    held.hangUp();
    const done = await held.until('to end', hasEnded);
    assert.equal(taskIDOf(done), taskIDOf(earlier));
    assert.equal(done.status?.targets?.[0]?.attempt, 1);
  });

  test('serves who waited in its queue', async () => {
    const agent = await pods.create('served');
    await using held = await HeldTask.create(cluster, 'served');
    await held.run();
    await cluster.applyNodeTask('in-line', { type: 'mark-ready', target: { podName: 'served' } });
    await until(cluster, 'in-line', 'to queue', ({ status }) => status?.phase === 'Queued');
    await agent.kill();
    held.hangUp();
    await agent.start();
    await held.connected();
    held.hangUp();
    assert.equal((await untilFinished(cluster, 'in-line')).status?.phase, 'Succeeded');
  });

  test('runs its daemon again', async () => {
    const agent = await pods.create('daemon');
    await using held = await HeldTask.daemon(cluster, 'daemon');
    const first = await held.run();
    await agent.kill();
    held.hangUp();
    await agent.start();
    await held.connected();
    const again = await held.until('to run still', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'DaemonRunning');
    assert.equal(taskIDOf(again), taskIDOf(first));
  });
});

describe('an agent that does not answer', together, () => {
  test('is called again until it does, and runs the task once', async () => {
    const agent = await pods.create('stalled');
    agent.process.pause();
    await cluster.applyNodeTask('stalled', { type: 'mark-ready', target: { podName: 'stalled' } });
    const waiting = await until(cluster, 'stalled', 'to wait', isUnreachable, 60_000);
    assert.match(
      messageOf(waiting),
      /^the agent of pod stalled at [\d.]+:\d+ took the call and did not answer within 10 s: .*; waiting until/,
    );
    assert.equal(waiting.status?.phase, 'Pending');
    agent.process.resume();
    const done = await untilFinished(cluster, 'stalled');
    assert.equal(done.status?.phase, 'Succeeded');
    assert.equal(done.status.targets?.[0]?.result?.run, 1);
  });

  test('fails what waits for it when the wait budget is over', async () => {
    const agent = await pods.create('mute');
    agent.process.pause();
    await cluster.applyNodeTask('mute', { type: 'mark-ready', target: { podName: 'mute', waitSeconds: 1 } });
    const done = await until(cluster, 'mute', 'to end', hasEnded, 60_000);
    assert.equal(reasonOf(done, 'Failed'), 'AgentUnreachable');
    assert.match(messageOf(done), /gave up after spec\.target\.waitSeconds \(1 s\)/);
    agent.process.resume();
  });

  test('while it runs a one-shot: fails it when the budget is over, and says so', async () => {
    const agent = await pods.create('frozen');
    await using held = await HeldTask.create(cluster, 'frozen', { target: { podName: 'frozen', waitSeconds: 1 } });
    await held.run();
    agent.process.pause();
    const done = await held.until('to end', hasEnded);
    assert.equal(reasonOf(done, 'Failed'), 'AgentUnreachable');
    agent.process.resume();
  });

  test('stalls a schedule, which goes on when it answers', async () => {
    const agent = await pods.create('drowsy');
    agent.process.pause();
    await cluster.applyNodeTask('drowsy', {
      type: 'config-validate',
      target: { podName: 'drowsy', waitSeconds: 1 },
      async: { schedule: { cron: '0 3 * * *' } },
    });
    const held = await until(
      cluster,
      'drowsy',
      'to stall',
      (o) => reasonOf(o, 'Stalled') === 'AgentUnreachable',
      60_000,
    );
    assert.equal(reasonOf(held, 'Finished'), undefined);
    agent.process.resume();
    await until(cluster, 'drowsy', 'to be scheduled', (o) => reasonOf(o, 'Ready') === 'Scheduled', 60_000);
  });

  test('at an address that has passed to another pod is not taken for its own', async () => {
    const [agent, other] = [await pods.create('here'), await pods.create('there')];
    const setAddress = async (ip: string): Promise<void> => {
      await cluster.admin.request({
        method: 'PATCH',
        path: `/api/v1/namespaces/${cluster.namespace}/pods/here/status`,
        body: { status: { podIP: ip, podIPs: [{ ip }] } },
        contentType: 'application/merge-patch+json',
      });
    };
    await setAddress(new URL(other.url).hostname);
    await cluster.applyNodeTask('here', { type: 'mark-ready', target: { podName: 'here' } });
    const waiting = await until(cluster, 'here', 'to wait', isUnreachable, 60_000);
    assert.match(messageOf(waiting), /another pod answers at its address/);
    await setAddress(new URL(agent.url).hostname);
    const done = await untilFinished(cluster, 'here');
    assert.equal(done.status?.phase, 'Succeeded');
    assert.equal(await onAgent(other, taskIDOf(done)), undefined);
  });

  test('for a cancel: Cancelled all the same when the budget is over, and not confirmed', async () => {
    const agent = await pods.create('deaf');
    await using held = await HeldTask.create(cluster, 'deaf', { target: { podName: 'deaf', waitSeconds: 1 } });
    await held.run();
    agent.process.pause();
    await cluster.applyNodeTask('deaf', { ...held.spec, cancel: true });
    const done = await held.until('to end', hasEnded);
    assert.equal(done.status?.phase, 'Cancelled');
    assert.match(done.status.targets?.[0]?.message ?? '', /the agent did not confirm that the work has stopped/);
    agent.process.resume();
  });
});

describe('a pod that has ended', together, () => {
  test('fails the one-shot that ran there when the wait budget is over', async () => {
    await pods.create('evicted');
    const target = { podName: 'evicted', waitSeconds: 1 };
    await using held = await HeldTask.create(cluster, 'evicted', { target });
    await held.run();
    await cluster.admin.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${cluster.namespace}/pods/evicted/status`,
      body: { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' } },
      contentType: 'application/merge-patch+json',
    });
    const done = await held.until('to end', hasEnded);
    assert.equal(reasonOf(done, 'Failed'), 'PodEnded');
    assert.match(messageOf(done), /pod evicted has ended \(Failed, Evicted\): The node was low on resource: memory/);
  });
});

test('an operator that is killed leaves everything running, and finds it again', { timeout: 300_000 }, async () => {
  const names = ['one-shot', 'scheduled'];
  for (const name of names) await pods.create(`${name}-pod`);
  await using run = await HeldTask.create(cluster, 'one-shot-pod');
  await using scheduled = await HeldTask.create(cluster, 'scheduled-pod');
  const spec = { ...scheduled.spec, async: { schedule: { cron: halfAnHourAway() } } } as unknown as NodeTask['spec'];
  await applyOverdueSchedule(cluster, { name: 'scheduled-pod', pod: 'scheduled-pod', spec });
  await scheduled.connected();
  const active = await scheduled.until('to have a run', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'RunActive');
  const running = await run.run();
  await cluster.applyNodeTask('waits-in-line', { type: 'mark-ready', target: { podName: 'one-shot-pod' } });
  await until(cluster, 'waits-in-line', 'to queue', ({ status }) => status?.phase === 'Queued');

  await cluster.operator.kill();
  assert.equal((await onAgent(cluster.agent('one-shot-pod'), taskIDOf(running)))?.status, 'running');
  // What ends while there is no operator is told by the agents.
  scheduled.hangUp();
  await scheduled.until(
    'to be told by the agent',
    ({ status }) => status?.targets?.[0]?.runs?.[0]?.status === 'failed',
  );
  await cluster.operator.start();

  const known = await scheduled.until('to be known', (o) => reasonOf(o, 'Ready') === 'LastRunFailed');
  assert.equal(taskIDOf(known), taskIDOf(active));
  assert.equal(known.status?.conditions?.find(({ type }) => type === 'LastRunSucceeded')?.status, 'False');
  run.hangUp();
  const done = await run.until('to end', hasEnded);
  assert.equal(taskIDOf(done), taskIDOf(running));
  assert.equal((await untilFinished(cluster, 'waits-in-line')).status?.phase, 'Succeeded');
  await cluster.admin.delete(pathOf(cluster, 'scheduled-pod'));
  await waitFor(async () => (await onAgent(cluster.agent('scheduled-pod'), taskIDOf(active))) === undefined, {
    what: 'the schedule to be taken off its agent',
    timeoutMs: 60_000,
  });
});
