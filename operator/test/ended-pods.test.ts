import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, type KubeObject, startCluster, waitFor } from '@nodetask/testbed';
import { eventsOf, pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Evicted pods beside live ones of the same labels, as a Deployment leaves them: real API server, real operator process, real agents. */
let cluster: Cluster;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
});

after(async () => {
  await cluster.stop();
});

const podPath = (name: string): string => `/api/v1/namespaces/${cluster.namespace}/pods/${name}`;

const patch = async (path: string, body: object): Promise<void> => {
  await cluster.admin.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
};

/** A pod that no kubelet of the testbed takes: a scheduling gate holds it. */
const create = async (name: string, app: string, finalizers: readonly string[] = []): Promise<void> => {
  const labels = { 'nodetask.dev/agent': 'enabled', app };
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: cluster.namespace, labels, finalizers: [...finalizers] },
    spec: { containers: [{ name: 'node', image: 'testbed/node' }], schedulingGates: [{ name: 'testbed/gate' }] },
  };
  await cluster.admin.create(pod);
};

const evict = async (name: string, app: string): Promise<void> => {
  await create(name, app);
  await patch(`${podPath(name)}/status`, { status: { phase: 'Failed', reason: 'Evicted' } });
};

const ready = (app: string): Readonly<Record<string, unknown>> => ({
  type: 'mark-ready',
  target: { selector: { matchLabels: { app } }, waitSeconds: 8 },
});
const everyMinute = { schedule: { cron: '* * * * *' } };

test('a one-shot and a schedule go to the live pod alone', async () => {
  await evict('web-a', 'web');
  await create('web-c', 'web', ['example.com/hold']);
  await cluster.admin.delete(podPath('web-c'));
  await cluster.createAgentPod('web-b', { labels: { app: 'web' } });
  await cluster.applyNodeTask('once', ready('web'));
  const done = await untilFinished(cluster, 'once');
  assert.equal(done.status?.phase, 'Succeeded', JSON.stringify(done.status));
  assert.equal(done.status.summary, '1/1');
  await cluster.applyNodeTask('minutely', { ...ready('web'), type: 'config-validate', async: everyMinute });
  const scheduled = await until(
    cluster,
    'minutely',
    'to be scheduled',
    (task) => reasonOf(task, 'Ready') === 'Scheduled',
  );
  assert.deepEqual(
    scheduled.status?.targets?.map(({ pod }) => pod),
    ['web-b'],
  );
  await patch(podPath('web-c'), { metadata: { finalizers: null } });
});

test('256 evicted pods are not too many, and count in no share of the targets', async () => {
  const names = Array.from({ length: 256 }, (_, index) => `old-${index}`);
  for (let begin = 0; begin < names.length; begin += 32)
    await Promise.all(names.slice(begin, begin + 32).map(async (name) => evict(name, 'many')));
  await cluster.createAgentPod('live', { labels: { app: 'many' } });
  const strategy = { maxParallel: '100%', failureThreshold: '100%', onFailure: 'Continue' };
  await cluster.applyNodeTask('many', { ...ready('many'), strategy });
  const done = await untilFinished(cluster, 'many');
  assert.equal(done.status?.phase, 'Succeeded', JSON.stringify(done.status));
  assert.equal(done.status.summary, '1/1');
  assert.deepEqual(done.status.counts, { desired: 1, running: 0, succeeded: 1, failed: 0 });
  assert.equal(reasonOf(done, 'Ready'), 'Succeeded');
});

test('where all have ended, the message says so, and the next pod is taken', async () => {
  await evict('gone-a', 'gone');
  await cluster.applyNodeTask('gone', { ...ready('gone'), target: { selector: { matchLabels: { app: 'gone' } } } });
  const waiting = await until(cluster, 'gone', 'to wait', (task) => reasonOf(task, 'Reconciling') === 'NoTarget');
  assert.match(
    waiting.status?.conditions?.[0]?.message ?? '',
    /^the pods that spec\.target\.selector \(app=gone\) matches can run nothing: gone-a has ended; waiting until/,
  );
  await cluster.createAgentPod('gone-b', { labels: { app: 'gone' } });
  assert.equal((await untilFinished(cluster, 'gone')).status?.summary, '1/1');
});

test('a selector that matches nothing is shown, with the pods that have an agent', async () => {
  await cluster.applyNodeTask('typo', {
    ...ready('wbe'),
    target: { selector: { matchLabels: { app: 'wbe' } }, waitSeconds: 1 },
  });
  const done = await untilFinished(cluster, 'typo');
  assert.match(
    done.status?.conditions?.[0]?.message ?? '',
    /^no pod matches spec\.target\.selector \(app=wbe\); pods with an agent in namespace nodetask-test: .*web-b \(app=web\); gave up/,
  );
});

test('a NodeTask of a podName whose pod has ended has the next one of that name', async () => {
  await evict('named-0', 'named');
  await cluster.applyNodeTask('named', { type: 'mark-ready', target: { podName: 'named-0' } });
  await until(cluster, 'named', 'to wait', (task) => reasonOf(task, 'Reconciling') === 'PodEnded');
  await cluster.admin.delete(podPath('named-0'), { gracePeriodSeconds: 0 });
  await cluster.createAgentPod('named-0');
  assert.equal((await untilFinished(cluster, 'named')).status?.phase, 'Succeeded');
  // Events are written a moment after the status.
  await waitFor(async () => (await eventsOf(cluster, 'named')).some(({ reason }) => reason === 'Completed'), {
    what: 'the event of the end',
    timeoutMs: 10_000,
  });
  await cluster.admin.delete(pathOf(cluster, 'named'));
});
