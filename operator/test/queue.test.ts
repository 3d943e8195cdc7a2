import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { applyOverdueSchedule, halfAnHourAway } from './support/overdue-schedule.ts';
import { SilentSource } from './support/silent-source.ts';
import { pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Several NodeTasks that want the same agent: real API server, operator and agents. */
let cluster: Cluster;
const sources: SilentSource[] = [];

before(async () => {
  cluster = await startCluster();
  for (const name of ['sei-0', 'sei-1']) {
    await cluster.createAgentPod(name, { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] });
  }
});

after(async () => {
  for (const source of sources) await source[Symbol.asyncDispose]();
  await cluster.stop();
});

/** Keeps the agent of a pod busy until the source that is returned hangs up. */
const block = async (name: string, podName: string): Promise<SilentSource> => {
  const source = await SilentSource.start();
  sources.push(source);
  await cluster.applyNodeTask(name, { type: 'configure-genesis', target: { podName }, params: { rpc: source.url } });
  await source.connected();
  await until(cluster, name, 'to run', ({ status }) => status?.phase === 'Running');
  return source;
};

const get = async (name: string): Promise<NodeTask> => {
  const found = await cluster.admin.get<NodeTask>(pathOf(cluster, name));
  assert.ok(found, `${name} is there`);
  return found;
};

const arrival = ({ metadata }: NodeTask): string => `${metadata.creationTimestamp} ${metadata.name}`;

/** By creation, then by name: the order in which they are to be served. */
const inOrder = async (names: readonly string[]): Promise<readonly string[]> => {
  const found = await Promise.all(names.map(get));
  return found.toSorted((a, b) => (arrival(a) < arrival(b) ? -1 : 1)).map(({ metadata }) => metadata.name);
};

const takenAt = ({ status }: NodeTask): string => status?.targets?.[0]?.result?.submittedAt ?? '';

/** Waits until all have ended, and returns their names in the order in which the agent took them. */
const served = async (names: readonly string[]): Promise<readonly string[]> => {
  const done = await Promise.all(names.map(async (name) => untilFinished(cluster, name)));
  for (const { metadata, status } of done) {
    assert.equal(status?.phase, 'Succeeded', metadata.name);
    assert.equal(status.queuePosition, undefined);
    assert.equal(status.blockedBy, undefined);
  }
  return done.toSorted((a, b) => (takenAt(a) < takenAt(b) ? -1 : 1)).map(({ metadata }) => metadata.name);
};

const ready = { type: 'mark-ready', target: { podName: 'sei-0' } };

test('those that wait for a pod know their places, and are served in that order', async () => {
  const source = await block('blocker', 'sei-0');
  const names = ['first', 'second', 'third'];
  for (const name of names) {
    await cluster.applyNodeTask(name, ready);
    await until(cluster, name, 'to queue', ({ status }) => status?.phase === 'Queued');
  }
  const expected = await inOrder(names);
  for (const [index, name] of expected.entries()) {
    const waiting = await until(
      cluster,
      name,
      'to know its place',
      ({ status }) => status?.queuePosition === index + 1,
    );
    assert.equal(waiting.status?.blockedBy, `${cluster.namespace}/blocker`);
    assert.equal(waiting.status?.targets?.[0]?.phase, 'Queued');
    assert.equal(reasonOf(waiting, 'Reconciling'), 'AgentBusy');
  }
  source.hangUp();
  assert.deepEqual(await served(names), expected);
});

test('an operator that finds many waiting serves them first come, first served', async () => {
  await cluster.operator.stop();
  const names = Array.from({ length: 8 }, (_, index) => `found-${index}`);
  // The last in order of name and of arrival in the cache are not the youngest.
  for (const name of names.toReversed()) await cluster.applyNodeTask(name, ready);
  await cluster.operator.start();
  assert.deepEqual(await served(names), await inOrder(names));
});

test('who leaves the queue lets the others move up', async () => {
  const source = await block('slow', 'sei-0');
  const names = ['leaves', 'stays'];
  for (const name of names) {
    await cluster.applyNodeTask(name, ready);
    await until(cluster, name, 'to queue', ({ status }) => status?.phase === 'Queued');
  }
  const [head = '', tail = ''] = await inOrder(names);
  await until(cluster, tail, 'to be the second', ({ status }) => status?.queuePosition === 2);
  await cluster.admin.delete(pathOf(cluster, head));
  await until(cluster, tail, 'to be the first', ({ status }) => status?.queuePosition === 1);
  source.hangUp();
  await served([tail]);
});

test('a fan-out waits for different NodeTasks on different pods, and goes on at each as it becomes free', async () => {
  const [zero, one] = [await block('on-zero', 'sei-0'), await block('on-one', 'sei-1')];
  const target = { selector: { matchLabels: { app: 'sei' } } };
  await cluster.applyNodeTask('both', { type: 'mark-ready', target, strategy: { maxParallel: '100%' } });
  await until(
    cluster,
    'both',
    'to queue twice',
    ({ status }) => status?.targets?.filter(({ phase }) => phase === 'Queued').length === 2,
  );
  one.hangUp();
  const half = await until(cluster, 'both', 'to be done on sei-1', ({ status }) => status?.counts?.succeeded === 1);
  assert.equal(half.status?.blockedBy, `${cluster.namespace}/on-zero`);
  assert.equal(half.status?.targets?.find(({ pod }) => pod === 'sei-0')?.phase, 'Queued');
  zero.hangUp();
  assert.equal((await untilFinished(cluster, 'both')).status?.summary, '2/2');
});

test('a run of a schedule that holds a lock is waited for as well', async () => {
  const source = await SilentSource.start();
  sources.push(source);
  const task = { type: 'configure-genesis', params: { rpc: source.url }, target: { podName: 'sei-1' } } as const;
  const spec = { ...task, async: { schedule: { cron: halfAnHourAway() } } };
  await applyOverdueSchedule(cluster, { name: 'hourly', pod: 'sei-1', spec });
  await source.connected();
  const validate = { type: 'config-validate', target: task.target };
  await cluster.applyNodeTask('same-files', validate);
  const waiting = await until(cluster, 'same-files', 'to queue', ({ status }) => status?.phase === 'Queued');
  assert.equal(waiting.status?.blockedBy, `${cluster.namespace}/hourly`);
  assert.equal(waiting.status?.queuePosition, 1);
  source.hangUp();
  // There are no files; what counts is that it came to run.
  assert.equal(reasonOf(await untilFinished(cluster, 'same-files'), 'Failed'), 'TaskFailed');
});

test('four patches of one key in one file run in the order of their names: the last one wins, in each round', async () => {
  const names = ['01-first', '02-second', '03-third', '04-fourth'];
  const { home } = cluster.agent('sei-0');
  const file = join(home, 'config', 'config.toml');
  await writeFile(file, '[mempool]\nsize = 0\n');
  for (let round = 1; round <= 3; round += 1) {
    const inRound = names.map((name) => `${name}-${round}`);
    const manifests = inRound.map((name, at) => ({
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name, namespace: cluster.namespace },
      spec: {
        type: 'config-patch',
        target: { podName: 'sei-0' },
        params: { files: { 'config.toml': { mempool: { size: at + 1 } } } },
      },
    }));
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    const { code, stderr } = await cluster.controlPlane.kubectl(['apply', '-f', '-'], { input });
    assert.equal(code, 0, stderr);
    assert.deepEqual(await served(inRound), inRound);
    assert.equal(await readFile(file, 'utf8'), '[mempool]\nsize = 4\n');
  }
});
