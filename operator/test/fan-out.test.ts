import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { managerOf, ownedBy } from './support/field-owners.ts';
import { assertHistory } from './support/assert-history.ts';
import { pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

let cluster: Cluster;
const pods = ['sei-0', 'sei-1', 'sei-2'] as const;
const spec = { type: 'mark-ready', target: { selector: { matchLabels: { app: 'sei' } } } };

before(async () => {
  cluster = await startCluster();
  await Promise.all(pods.map(async (name) => cluster.createAgentPod(name, { labels: { app: 'sei' } })));
});

after(async () => {
  await cluster.stop();
});

/** Each writer owns its own fields, and nobody else's. */
const checkOwners = (nodeTask: NodeTask, targets: readonly string[]): void => {
  const operator = ownedBy(nodeTask, 'nodetask-operator', 'status');
  assert.deepEqual(
    operator.filter((path) => /\.(result|runs)\b/.test(path)),
    [],
    'the operator owns no result and no runs',
  );
  assert.ok(operator.includes('observedGeneration'));
  for (const pod of targets) {
    assert.ok(operator.includes(`targets[pod=${pod}].phase`), `the operator owns the phase of ${pod}`);
    const own = ownedBy(nodeTask, managerOf(pod), 'status');
    assert.deepEqual(
      own.filter((path) => !/\.result\b|\.runs\b/.test(path)),
      [`targets[pod=${pod}].pod`],
      `the agent of ${pod} owns its result and runs only`,
    );
    assert.ok(own.every((path) => path.startsWith(`targets[pod=${pod}].`)));
  }
};

test('a fan-out over three pods, run twice, with each writer on its own fields', async () => {
  await cluster.applyNodeTask('fan-out', spec);
  const first = await untilFinished(cluster, 'fan-out');
  assert.equal(first.status?.phase, 'Succeeded');
  assert.equal(first.status?.summary, '3/3');
  assert.deepEqual(first.status?.counts, { desired: 3, running: 0, succeeded: 3, failed: 0 });
  assert.deepEqual(first.status?.targets?.map(({ pod }) => pod).sort(), pods);
  checkOwners(first, pods);

  await cluster.applyNodeTask('fan-out', { ...spec, runID: '2' });
  const second = await untilFinished(cluster, 'fan-out', '2');
  assert.equal(second.status?.summary, '3/3');
  assert.equal(second.status?.observedGeneration, 2);
  assertHistory(second, [/^\S+Z runID 2 Succeeded 3\/3 in \d+ s: /, /^\S+Z first run Succeeded 3\/3 in \d+ s: /]);
  checkOwners(second, pods);
  for (const row of second.status?.targets ?? []) {
    assert.equal(row.result?.id, row.taskID);
    const earlier = first.status?.targets?.find(({ pod }) => pod === row.pod);
    assert.notEqual(row.taskID, earlier?.taskID);
  }
});

test('a run over fewer pods takes the rows of the others off', async () => {
  await cluster.applyNodeTask('shrinking', spec);
  await untilFinished(cluster, 'shrinking');
  await cluster.applyNodeTask('shrinking', { type: 'mark-ready', target: { podName: 'sei-1' }, runID: 'b' });
  await untilFinished(cluster, 'shrinking', 'b');
  const done = await until(cluster, 'shrinking', 'with one row', ({ status }) => status?.targets?.length === 1);
  assert.equal(done.status?.targets?.[0]?.pod, 'sei-1');
  assert.deepEqual(ownedBy(done, managerOf('sei-0'), 'status'), []);
  checkOwners(done, ['sei-1']);
});

test('a failure on one target fails the whole, and says where', async () => {
  const strategy = { maxParallel: '100%', onFailure: 'Continue' };
  await cluster.applyNodeTask('partly', { type: 'config-validate', target: spec.target, strategy });
  const done = await untilFinished(cluster, 'partly');
  assert.equal(reasonOf(done, 'Failed'), 'TargetsFailed');
  assert.match(done.status?.conditions?.[0]?.message ?? '', /3 of 3 targets failed; file-missing on sei-0/);
});

const all = (nodeTask: NodeTask, count: number): boolean =>
  nodeTask.status?.counts?.running === count && reasonOf(nodeTask, 'Ready') === 'Scheduled';

const relabel = async (pod: string, labels: Readonly<Record<string, string | null>>): Promise<void> => {
  await cluster.admin.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${cluster.namespace}/pods/${pod}`,
    body: { metadata: { labels } },
    contentType: 'application/merge-patch+json',
  });
};

test('a schedule follows the selector, and remembers a pod that comes back', async () => {
  const schedule = { type: 'config-validate', target: spec.target, async: { schedule: { cron: '0 3 * * *' } } };
  await cluster.applyNodeTask('nightly', schedule);
  await until(cluster, 'nightly', 'on three pods', (nodeTask) => all(nodeTask, 3));

  await cluster.createAgentPod('sei-3', { labels: { app: 'sei' } });
  const four = await until(cluster, 'nightly', 'on four pods', (nodeTask) => all(nodeTask, 4));
  const taskID = four.status?.targets?.find(({ pod }) => pod === 'sei-3')?.taskID ?? '';

  await cluster.deletePod('sei-3');
  await until(cluster, 'nightly', 'to miss a pod', (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'NoTarget');
  await cluster.createAgentPod('sei-3', { labels: { app: 'sei' } });
  const back = await until(cluster, 'nightly', 'on four pods again', (nodeTask) => all(nodeTask, 4));
  assert.equal(back.status?.targets?.find(({ pod }) => pod === 'sei-3')?.taskID, taskID);

  await relabel('sei-3', { app: 'other' });
  const left = await until(cluster, 'nightly', 'without it', ({ status }) => status?.targets?.length === 3);
  checkOwners(left, pods);
  const agent = cluster.agent('sei-3');
  await waitFor(async () => (await agent.request('GET', `/v0/tasks/${taskID}`)).status === 404, {
    what: 'the schedule to be taken off the agent',
    timeoutMs: 5_000,
  });

  // A pod that loses the agent label leaves the operator's cache, but its agent goes on: it is told to stop all the same.
  await relabel('sei-2', { 'nodetask.dev/agent': null });
  const kept = await until(
    cluster,
    'nightly',
    'to miss the label',
    (nodeTask) => reasonOf(nodeTask, 'Reconciling') === 'NoAgent',
  );
  assert.match(kept.status?.conditions?.[0]?.message ?? '', /pod sei-2 lacks the label nodetask\.dev\/agent=enabled/);
  await cluster.admin.delete(pathOf(cluster, 'nightly'));
  await cluster.untilNodeTask('nightly', (object) => object === undefined, { what: 'nightly to be gone' });
  const gone = kept.status?.targets?.find(({ pod }) => pod === 'sei-2')?.taskID ?? '';
  assert.equal((await cluster.agent('sei-2').request('GET', `/v0/tasks/${gone}`)).status, 404);
});
