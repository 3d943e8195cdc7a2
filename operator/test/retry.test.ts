import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { NodeTask, TaskResult } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { taskID } from '../src/controller/task-id.ts';
import { FlakyRPC } from './support/flaky-rpc.ts';
import { SilentSource } from './support/silent-source.ts';
import { eventsOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** spec.retry: real operator process, real agents, an RPC that is down for a while. */
let cluster: Cluster;
let rpc: FlakyRPC;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  rpc = await FlakyRPC.start();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
});

beforeEach(() => {
  rpc.breakDown();
});

after(async () => {
  await rpc[Symbol.asyncDispose]();
  await cluster.stop();
});

const spec = (retry: Readonly<Record<string, number>>): Readonly<Record<string, unknown>> => ({
  type: 'configure-genesis',
  target: { podName: 'sei-0' },
  params: { rpc: rpc.url },
  retry,
});

const idOf = ({ metadata, spec: { runID } }: NodeTask, attempt: number): string =>
  taskID({ nodeTaskUID: metadata.uid, runID, pod: 'sei-0', attempt });

/** What the agent knows of an attempt. */
const onAgent = async (nodeTask: NodeTask, attempt: number): Promise<TaskResult | undefined> => {
  const { status, body } = await cluster.agent('sei-0').request('GET', `/v0/tasks/${idOf(nodeTask, attempt)}`);
  return status === 404 ? undefined : (body as TaskResult);
};

test('a failed attempt is followed by another, which succeeds', async () => {
  await cluster.applyNodeTask('mended', spec({ limit: 3, backoffSeconds: 1 }));
  const waiting = await until(cluster, 'mended', 'to back off', (o) => reasonOf(o, 'Reconciling') === 'BackingOff');
  assert.equal(waiting.status?.phase, 'Pending');
  assert.equal(reasonOf(waiting, 'Stalled'), undefined);
  assert.match(
    waiting.status?.conditions?.[0]?.message ?? '',
    /^attempt \d on sei-0 failed: rpc-unreachable: .*; attempt \d of 4 begins at 20\d\d-/,
  );
  rpc.mend();
  const done = await untilFinished(cluster, 'mended');
  assert.equal(done.status?.phase, 'Succeeded');
  const [row] = done.status?.targets ?? [];
  assert.ok((row?.attempt ?? 1) > 1, `attempt ${row?.attempt}`);
  assert.equal(row?.taskID, idOf(done, row?.attempt ?? 1));
  assert.equal(row?.result?.id, row?.taskID);
  await waitFor(async () => (await eventsOf(cluster, 'mended')).some(({ reason }) => reason === 'Retrying'), {
    what: 'the event Retrying',
    timeoutMs: 10_000,
  });
});

test('has failed when its attempts are spent, each of which ran once', async () => {
  await cluster.applyNodeTask('spent', spec({ limit: 1, backoffSeconds: 1 }));
  const done = await untilFinished(cluster, 'spent');
  assert.equal(reasonOf(done, 'Failed'), 'TaskFailed');
  assert.match(done.status?.targets?.[0]?.message ?? '', /^rpc-unreachable: .* \(attempt 2 of 2\)$/);
  for (const attempt of [1, 2]) {
    const found = await onAgent(done, attempt);
    assert.equal(found?.run, 1, `attempt ${attempt}`);
    assert.equal(found?.status, 'failed', `attempt ${attempt}`);
  }
  assert.equal(await onAgent(done, 3), undefined);
});

test('timeoutSeconds counts for each attempt', async () => {
  await using source = await SilentSource.start();
  await cluster.applyNodeTask('slow', {
    ...spec({ limit: 1, backoffSeconds: 1 }),
    params: { rpc: source.url },
    timeoutSeconds: 2,
  });
  const done = await untilFinished(cluster, 'slow');
  assert.equal(reasonOf(done, 'Failed'), 'TimedOut');
  assert.match(done.status?.targets?.[0]?.message ?? '', /^timed-out: .* \(attempt 2 of 2\)$/);
  for (const attempt of [1, 2]) {
    const { submittedAt = '', completedAt = '' } = (await onAgent(done, attempt)) ?? {};
    assert.ok(Date.parse(completedAt) - Date.parse(submittedAt) >= 2_000, `attempt ${attempt} had its whole time`);
  }
});

test('an attempt waits for its agent like any other, and others run in the pause', async () => {
  await using source = await SilentSource.start();
  await cluster.applyNodeTask('polite', spec({ limit: 1, backoffSeconds: 4 }));
  await until(cluster, 'polite', 'to back off', (o) => reasonOf(o, 'Reconciling') === 'BackingOff');
  rpc.mend();
  await cluster.applyNodeTask('between', { ...spec({ limit: 0 }), params: { rpc: source.url } });
  await source.connected();
  const queued = await until(cluster, 'polite', 'to be queued', ({ status }) => status?.phase === 'Queued');
  assert.equal(queued.status?.targets?.[0]?.attempt, 2);
  assert.equal(queued.status?.blockedBy, `${cluster.namespace}/between`);
  source.hangUp();
  const done = await untilFinished(cluster, 'polite');
  assert.equal(done.status?.phase, 'Succeeded');
  assert.equal((await onAgent(done, 2))?.run, 1);
  assert.equal((await untilFinished(cluster, 'between')).status?.phase, 'Failed');
});

test('what cannot be mended by trying again is not tried again', async () => {
  await cluster.applyNodeTask('hopeless', {
    type: 'config-validate',
    target: { podName: 'sei-0' },
    retry: { limit: 5, backoffSeconds: 1 },
  });
  const done = await untilFinished(cluster, 'hopeless');
  assert.equal(done.status?.phase, 'Failed');
  assert.equal(done.status?.targets?.[0]?.attempt, 1);
  assert.match(done.status?.targets?.[0]?.message ?? '', /\(not retried: another attempt would fail as well\)$/);
});

test('an operator killed in the pause neither shortens it nor begins another', async () => {
  await cluster.applyNodeTask('killed', spec({ limit: 1, backoffSeconds: 8 }));
  const paused = await until(cluster, 'killed', 'to back off', (o) => reasonOf(o, 'Reconciling') === 'BackingOff');
  await cluster.operator.kill();
  rpc.mend();
  await cluster.operator.start();
  const done = await untilFinished(cluster, 'killed');
  assert.equal(done.status?.phase, 'Succeeded');
  const [row] = done.status?.targets ?? [];
  assert.equal(row?.attempt, 2);
  assert.equal((await onAgent(done, 2))?.run, 1);
  const pauseMs = Date.parse(row?.startedAt ?? '') - Date.parse(paused.status?.targets?.[0]?.completedAt ?? '');
  assert.ok(pauseMs >= 5_900, `the pause lasted ${pauseMs} ms`);
});

test('is cancelled in the pause without another attempt', async () => {
  const long = spec({ limit: 1, backoffSeconds: 3_600, maxBackoffSeconds: 3_600 });
  await cluster.applyNodeTask('unwanted', long);
  await until(cluster, 'unwanted', 'to back off', (o) => reasonOf(o, 'Reconciling') === 'BackingOff');
  await cluster.applyNodeTask('unwanted', { ...long, cancel: true });
  const done = await untilFinished(cluster, 'unwanted');
  assert.equal(done.status?.phase, 'Cancelled');
  assert.equal(await onAgent(done, 2), undefined);
});
