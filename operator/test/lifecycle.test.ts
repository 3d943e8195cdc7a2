import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { PrunedRPC } from './support/pruned-rpc.ts';
import { SilentSource } from './support/silent-source.ts';
import { assertHistory } from './support/assert-history.ts';
import { eventsOf, pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

type Spec = Readonly<Record<string, unknown>>;

/** NodeTasks through their lives: real API server, real operator process, real agents. */
let cluster: Cluster;
let source: SilentSource;

before(async () => {
  cluster = await startCluster();
  source = await SilentSource.start();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
  await cluster.createAgentPod('sei-1', { allowHosts: ['127.0.0.1'] });
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

/** A one-shot that goes on until the source hangs up. */
const endless = (podName: string): Spec => ({
  type: 'configure-genesis',
  target: { podName },
  params: { rpc: source.url },
});

const schedule = (cron: string): Spec => ({
  type: 'config-validate',
  target: { podName: 'sei-0' },
  async: { schedule: { cron } },
});

describe('a one-shot', () => {
  test('succeeds, tells so, and lets go of its finalizer', async () => {
    await cluster.applyNodeTask('ready', { type: 'mark-ready', target: { podName: 'sei-0' } });
    const done = await untilFinished(cluster, 'ready');
    assert.equal(reasonOf(done, 'Complete'), 'Succeeded');
    assert.equal(done.status?.phase, 'Succeeded');
    assert.equal(done.status?.summary, '1/1');
    assert.equal(done.status?.observedGeneration, 1);
    assert.equal(done.status?.targets?.[0]?.result?.id, done.status?.targets?.[0]?.taskID);
    await until(cluster, 'ready', 'without finalizers', ({ metadata }) => metadata.finalizers === undefined);
    await waitFor(async () => (await eventsOf(cluster, 'ready')).length >= 2, { what: 'the events', timeoutMs: 5_000 });
    assert.deepEqual(
      new Set((await eventsOf(cluster, 'ready')).map(({ reason }) => reason)),
      new Set(['Dispatched', 'Completed']),
    );
  });

  test('fails for the reason that its agent gives', async () => {
    await cluster.applyNodeTask('invalid', { type: 'config-validate', target: { podName: 'sei-0' } });
    const done = await untilFinished(cluster, 'invalid');
    assert.equal(reasonOf(done, 'Failed'), 'TaskFailed');
    assert.equal(reasonOf(done, 'Stalled'), 'TaskFailed');
    // The row does not say again what its result says.
    const [row] = done.status?.targets ?? [];
    assert.deepEqual([row?.message, row?.result?.errorCode], [undefined, 'file-missing']);
    const ready = done.status?.conditions?.find(({ type }) => type === 'Ready');
    assert.match(ready?.message ?? '', /^file-missing on sei-0: /);
  });

  test('fails at once when the agent refuses it, naming the fault', async () => {
    const params = { uri: 'https://127.0.0.254/genesis.json' };
    await cluster.applyNodeTask('refused', { type: 'configure-genesis', target: { podName: 'sei-0' }, params });
    const done = await untilFinished(cluster, 'refused');
    assert.equal(done.status?.phase, 'Failed');
    assert.match(done.status?.targets?.[0]?.message ?? '', /egress-refused: .*127\.0\.0\.254/);
  });

  test('waits for its pod, and has it as soon as it is there', async () => {
    await cluster.applyNodeTask('early', { type: 'mark-ready', target: { podName: 'sei-late' } });
    const waiting = await until(
      cluster,
      'early',
      'to wait',
      (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'NoTarget',
    );
    assert.match(
      waiting.status?.conditions?.[0]?.message ?? '',
      /there is no pod sei-late; pods with an agent in namespace nodetask-test: .*; waiting until/,
    );
    await cluster.createAgentPod('sei-late');
    await untilFinished(cluster, 'early');
  });

  test('says that a pod lacks the label, and fails when the wait budget ends', async () => {
    await cluster.admin.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'plain', namespace: cluster.namespace, labels: { app: 'plain' } },
      spec: { containers: [{ name: 'node', image: 'testbed/node' }] },
    });
    const byName = { podName: 'plain', waitSeconds: 1 };
    const bySelector = { selector: { matchLabels: { app: 'plain' } }, waitSeconds: 1 };
    for (const [name, target] of Object.entries({ 'by-name': byName, 'by-selector': bySelector })) {
      await cluster.applyNodeTask(name, { type: 'mark-ready', target });
      const done = await untilFinished(cluster, name);
      assert.equal(reasonOf(done, 'Failed'), 'NoAgent', name);
    }
    await cluster.applyNodeTask('nothing', {
      type: 'mark-ready',
      target: { selector: { matchLabels: { app: 'none' } }, waitSeconds: 1 },
    });
    assert.equal(reasonOf(await untilFinished(cluster, 'nothing'), 'Failed'), 'NoTarget');
  });

  test('waits while its agent is busy, says for whom, and goes on when that has ended', async () => {
    await cluster.applyNodeTask('blocker', endless('sei-1'));
    await source.connected();
    await until(cluster, 'blocker', 'to run', ({ status }) => status?.phase === 'Running');
    await cluster.applyNodeTask('waiting', { type: 'mark-ready', target: { podName: 'sei-1' } });
    const waiting = await until(cluster, 'waiting', 'to wait', ({ status }) => status?.phase === 'Queued');
    assert.equal(waiting.status?.blockedBy, `${cluster.namespace}/blocker`);
    assert.equal(reasonOf(waiting, 'Reconciling'), 'AgentBusy');
    source.hangUp();
    const done = await untilFinished(cluster, 'waiting');
    assert.equal(done.status?.phase, 'Succeeded');
    assert.equal(done.status?.blockedBy, undefined);
    assert.equal((await untilFinished(cluster, 'blocker')).status?.phase, 'Failed');
  });

  test('is stopped on its agent when the NodeTask is deleted', async () => {
    await cluster.applyNodeTask('doomed', endless('sei-1'));
    await source.connected();
    const running = await until(cluster, 'doomed', 'to run', ({ status }) => status?.phase === 'Running');
    assert.deepEqual(running.metadata.finalizers, ['nodetask.dev/cancel']);
    await cluster.admin.delete(pathOf(cluster, 'doomed'));
    await cluster.untilNodeTask('doomed', (object) => object === undefined, { what: 'doomed to be gone' });
    const answer = await cluster
      .agent('sei-1')
      .request('GET', `/v0/tasks/${running.status?.targets?.[0]?.taskID ?? ''}`);
    assert.equal(answer.status, 404);
    const { body } = await cluster.agent('sei-1').request('GET', '/v0/status');
    assert.notEqual((body as { status: string }).status, 'Running');
  });

  test('ends as Cancelled by spec.cancel, and runs again with another runID', async () => {
    await cluster.applyNodeTask('cancelled', endless('sei-1'));
    await source.connected();
    await cluster.applyNodeTask('cancelled', { ...endless('sei-1'), cancel: true });
    const done = await untilFinished(cluster, 'cancelled');
    assert.equal(done.status?.phase, 'Cancelled');
    assert.equal(reasonOf(done, 'Stalled'), 'Cancelled');
    // The agent forgets the task, but not without a word: nothing on status says that it runs.
    const told = await until(
      cluster,
      'cancelled',
      'to have its last report',
      ({ status }) => status?.targets?.[0]?.result?.status === 'failed',
    );
    const [row] = told.status?.targets ?? [];
    assert.equal(row?.result?.cancelled, true);
    assert.equal(row.message, 'cancelled by spec.cancel');
    assert.equal(told.status?.phase, 'Cancelled');
    source.hangUp();
    const again = { type: 'mark-ready', target: { podName: 'sei-1' }, runID: '2' };
    await cluster.applyNodeTask('cancelled', again);
    const second = await untilFinished(cluster, 'cancelled', '2');
    assert.equal(second.status?.phase, 'Succeeded');
    assertHistory(second, [
      /^\S+Z runID 2 Succeeded 1\/1 in \d+ s: the node is marked ready and may start$/,
      /^\S+Z first run Cancelled 0\/1 in \d+ s: cancelled on sei-1; /,
    ]);
  });

  test('is stopped before another run begins', async () => {
    await cluster.applyNodeTask('rerun', endless('sei-1'));
    await source.connected();
    const first = await until(cluster, 'rerun', 'to run', ({ status }) => status?.phase === 'Running');
    await cluster.applyNodeTask('rerun', { type: 'mark-ready', target: { podName: 'sei-1' }, runID: 'b' });
    const rerun = await untilFinished(cluster, 'rerun', 'b');
    assert.equal(rerun.status?.phase, 'Succeeded');
    assertHistory(rerun, [/^\S+Z runID b Succeeded 1\/1 in /, /^\S+Z first run Replaced 0\/1 in /]);
    const answer = await cluster.agent('sei-1').request('GET', `/v0/tasks/${first.status?.targets?.[0]?.taskID ?? ''}`);
    assert.equal(answer.status, 404);
  });
});

describe('a schedule', () => {
  test('is Scheduled, follows its cron, and is taken off the agent with its NodeTask', async () => {
    await cluster.applyNodeTask('nightly', schedule('0 3 * * *'));
    const scheduled = await until(
      cluster,
      'nightly',
      'to have a next run',
      ({ status }) => status?.nextRunAt !== undefined,
    );
    assert.equal(scheduled.status?.phase, 'Scheduled');
    assert.equal(reasonOf(scheduled, 'Ready'), 'Scheduled');
    assert.equal(new Date(scheduled.status?.nextRunAt ?? 0).getUTCHours(), 3);

    await cluster.applyNodeTask('nightly', schedule('30 4 * * *'));
    const moved = await until(
      cluster,
      'nightly',
      'to move',
      ({ status }) => new Date(status?.nextRunAt ?? 0).getUTCHours() === 4,
    );
    assert.equal(moved.status?.targets?.[0]?.taskID, scheduled.status?.targets?.[0]?.taskID);

    await cluster.admin.delete(pathOf(cluster, 'nightly'));
    await cluster.untilNodeTask('nightly', (object) => object === undefined, { what: 'nightly to be gone' });
    const { status } = await cluster
      .agent('sei-0')
      .request('GET', `/v0/tasks/${moved.status?.targets?.[0]?.taskID ?? ''}`);
    assert.equal(status, 404);
  });

  test('with a cron that names no moment stalls, and goes on once that is corrected', async () => {
    await cluster.applyNodeTask('never', schedule('0 0 31 2 *'));
    const held = await until(cluster, 'never', 'to stall', (nodeTask) => reasonOf(nodeTask, 'Stalled') !== undefined);
    assert.equal(reasonOf(held, 'Stalled'), 'Rejected');
    assert.equal(reasonOf(held, 'Finished'), undefined);
    await cluster.applyNodeTask('never', schedule('0 0 30 4 *'));
    await until(cluster, 'never', 'to be ready', (nodeTask) => reasonOf(nodeTask, 'Ready') === 'Scheduled');
  });
});

describe('a daemon', () => {
  test('is Ready while it runs', async () => {
    await cluster.applyNodeTask('daemon', {
      type: 'result-export',
      target: { podName: 'sei-0' },
      params: { bucket: 'results', region: 'eu-central-1', endpoint: source.url, rpcEndpoint: source.url },
      async: { daemon: {} },
    });
    await source.connected();
    const running = await until(cluster, 'daemon', 'to run', (nodeTask) => reasonOf(nodeTask, 'Ready') !== undefined);
    assert.equal(reasonOf(running, 'Ready'), 'DaemonRunning');
    assert.equal(running.status?.phase, 'Running');
    await cluster.admin.delete(pathOf(cluster, 'daemon'));
    await cluster.untilNodeTask('daemon', (object) => object === undefined, { what: 'daemon to be gone' });
  });

  test('that is not to be started again has failed when it ends', async () => {
    await using rpc = await PrunedRPC.start();
    await cluster.applyNodeTask('ended', {
      type: 'result-export',
      target: { podName: 'sei-0' },
      params: rpc.params,
      async: { daemon: { restartPolicy: 'Never' } },
    });
    assert.equal(reasonOf(await untilFinished(cluster, 'ended'), 'Failed'), 'DaemonExited');
  });
});

describe('the operator', () => {
  test('is told by its metrics, and is ready as the leader', async () => {
    const text = await cluster.operator.metrics();
    assert.match(text, /nodetask_operator_agent_requests_total\{method="POST",outcome="202"\} \d+/);
    assert.match(text, /nodetask_operator_finished_total\{type="mark-ready",phase="Succeeded"\} \d+/);
    assert.match(text, /nodetask_operator_nodetasks\{phase="Succeeded"\} \d+/);
    assert.match(text, /leader_election_master_status\S* 1/);
    const ready = await fetch(`${cluster.operator.healthUrl}/readyz`);
    assert.equal((await ready.text()).trim(), 'leader');
    assert.equal((await fetch(`${cluster.operator.healthUrl}/healthz`)).status, 200);
    assert.equal((await fetch(`${cluster.operator.healthUrl}/other`)).status, 404);
  });

  test('never wrote what it had written already', async () => {
    const { controlPlane } = cluster;
    const done = await cluster.admin.get<NodeTask>(pathOf(cluster, 'ready'));
    const writes = (await controlPlane.auditEvents()).filter(
      ({ verb, objectRef, user }) =>
        verb === 'patch' &&
        objectRef?.name === 'ready' &&
        objectRef.resource === 'nodetasks' &&
        (user?.username ?? '').includes('operator'),
    );
    // The finalizer, Running where that lasted for longer than a moment, the end, the finalizer again.
    assert.ok(writes.length === 3 || writes.length === 4, JSON.stringify(writes.map(({ requestURI }) => requestURI)));
    assert.equal(done?.status?.phase, 'Succeeded');
  });
});
