import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NodeTask, TaskResult } from '@nodetask/shared';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { FlakyRPC } from './support/flaky-rpc.ts';
import { MortalOperator, type Step } from './support/mortal-operator.ts';
import { SilentSource } from './support/silent-source.ts';
import { pathOf, reasonOf, until } from './support/test-cluster.ts';

/** However far the operator came before it died, the next one ends in the same state, and no agent runs anything twice. */
let cluster: Cluster;
let operator: MortalOperator;
let source: SilentSource;

before(async () => {
  cluster = await startCluster({ operator: false });
  operator = new MortalOperator(cluster);
  source = await SilentSource.start();
  await cluster.createAgentPod('sei-0', { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] });
  await cluster.createAgentPod('sei-1', { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] });
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

const fanOut = { selector: { matchLabels: { app: 'sei' } } };

/** Lets operators live and die, each a step later than the one before, until one gets to the end. Returns how many steps that took. */
const forEachStep = async (
  name: string,
  apply: (name: string, n: number) => Promise<unknown>,
  finished: (name: string) => Promise<unknown>,
  check: (name: string, steps: readonly Step[]) => Promise<void>,
): Promise<number> => {
  for (let n = 1; n <= 20; n++) {
    const own = `${name}-${n}`;
    await apply(own, n);
    const first = await operator.live(n, async () => finished(own));
    const second = first.died ? await operator.live(Number.POSITIVE_INFINITY, async () => finished(own)) : first;
    await check(own, [...first.steps, ...(first.died ? second.steps : [])]);
    if (!first.died) return n - 1;
  }
  throw new Error(`${name} takes more than 20 steps`);
};

/** The ids under which each pod was sent something, without repetitions. */
const idsByPod = (steps: readonly Step[], kind: string): Map<string, Set<string>> => {
  const ids = new Map<string, Set<string>>();
  for (const { what, taskID } of steps) {
    const [verb, pod] = what.split(' ');
    if (verb !== kind || pod === undefined || taskID === undefined) continue;
    ids.set(pod, (ids.get(pod) ?? new Set()).add(taskID));
  }
  return ids;
};

test('a fan-out ends as if nothing had happened', async () => {
  const steps = await forEachStep(
    'job',
    async (name) => cluster.applyNodeTask(name, { type: 'mark-ready', target: fanOut }),
    async (name) =>
      until(
        cluster,
        name,
        'to end',
        (o) => reasonOf(o, 'Finished') !== undefined && o.metadata.finalizers === undefined,
      ),
    async (name, taken) => {
      const done = await cluster.admin.get<NodeTask>(pathOf(cluster, name));
      assert.equal(done?.status?.phase, 'Succeeded', name);
      assert.equal(done.status.summary, '2/2', name);
      for (const [pod, ids] of idsByPod(taken, 'dispatch')) {
        assert.equal(ids.size, 1, `${name}: every dispatch to ${pod} has the same id`);
        const [id = ''] = ids;
        const { body } = await cluster.agent(pod).request('GET', `/v0/tasks/${id}`);
        assert.equal((body as TaskResult).run, 1, `${name} ran once on ${pod}`);
      }
    },
  );
  // Finalizer, two dispatches, the end, finalizer; and Running where it took its time.
  assert.ok(steps >= 5, `died in ${steps} different steps`);
});

test('a deletion ends with the work stopped', async () => {
  const steps = await forEachStep(
    'doomed',
    async (name) => {
      await cluster.applyNodeTask(name, {
        type: 'configure-genesis',
        target: { podName: 'sei-0' },
        params: { rpc: source.url },
      });
      await operator.live(Number.POSITIVE_INFINITY, async () =>
        until(cluster, name, 'to run', ({ status }) => status?.phase === 'Running'),
      );
      await cluster.admin.delete(pathOf(cluster, name));
    },
    async (name) => cluster.untilNodeTask(name, (object) => object === undefined, { what: `${name} to be gone` }),
    async (name, taken) => {
      const [id = ''] = idsByPod(taken, 'remove').get('sei-0') ?? [];
      const agent = cluster.agent('sei-0');
      assert.equal((await agent.request('GET', `/v0/tasks/${id}`)).status, 404, name);
      assert.notDeepEqual((await agent.request('GET', '/v0/status')).body, { status: 'Running' }, name);
    },
  );
  assert.ok(steps >= 2, `died in ${steps} different steps`);
});

/** A run has ended and the operator has let go. */
const ended = (runID: string | undefined) => (name: string) =>
  until(
    cluster,
    name,
    'to end',
    (o) => reasonOf(o, 'Finished') !== undefined && o.status?.runID === runID && o.metadata.finalizers === undefined,
  );

test('a new run after a changed runID begins once', async () => {
  const target = { podName: 'sei-1' };
  const steps = await forEachStep(
    'rerun',
    async (name) => {
      await cluster.applyNodeTask(name, { type: 'mark-ready', target });
      await operator.live(Number.POSITIVE_INFINITY, async () => ended(undefined)(name));
      await cluster.applyNodeTask(name, { type: 'mark-ready', target, runID: 'b' });
    },
    ended('b'),
    async (name, taken) => {
      assert.equal(idsByPod(taken, 'dispatch').get('sei-1')?.size, 1, name);
      const done = await cluster.admin.get<NodeTask>(pathOf(cluster, name));
      assert.equal(done?.status?.phase, 'Succeeded', name);
      assert.equal(done.status.targets?.[0]?.result?.id, done.status.targets?.[0]?.taskID, name);
    },
  );
  assert.ok(steps >= 4, `died in ${steps} different steps`);
});

test('a task that is tried again makes each attempt once', async () => {
  await using rpc = await FlakyRPC.start();
  const steps = await forEachStep(
    'retried',
    async (name) =>
      cluster.applyNodeTask(name, {
        type: 'configure-genesis',
        target: { podName: 'sei-1' },
        params: { rpc: rpc.url },
        retry: { limit: 1, backoffSeconds: 1 },
      }),
    ended(undefined),
    async (name, taken) => {
      const done = await cluster.admin.get<NodeTask>(pathOf(cluster, name));
      assert.equal(done?.status?.phase, 'Failed', name);
      assert.equal(done.status.targets?.[0]?.attempt, 2, name);
      const ids = [...(idsByPod(taken, 'dispatch').get('sei-1') ?? [])];
      assert.equal(ids.length, 2, `${name}: no attempt is lost, none is made twice`);
      for (const id of ids) {
        const { body } = await cluster.agent('sei-1').request('GET', `/v0/tasks/${id}`);
        assert.equal((body as TaskResult).run, 1, `${name}: ${id} ran once`);
      }
    },
  );
  // Finalizer, dispatch, the pause, the next number, dispatch, the end, finalizer.
  assert.ok(steps >= 7, `died in ${steps} different steps`);
});

test('a NodeTask that depends on another begins once, and that one goes when it has', async () => {
  const target = { podName: 'sei-1' };
  const steps = await forEachStep(
    'second',
    async (name, n) => {
      await cluster.applyNodeTask(name, { type: 'mark-ready', target, dependsOn: [`first-${n}`] });
      await cluster.applyNodeTask(`first-${n}`, { type: 'mark-ready', target, ttlSecondsAfterFinished: 0 });
    },
    async (name) => {
      await ended(undefined)(name);
      const first = name.replace('second', 'first');
      await cluster.untilNodeTask(first, (object) => object === undefined, { what: `${first} to be gone` });
    },
    async (name, taken) => {
      const done = await cluster.admin.get<NodeTask>(pathOf(cluster, name));
      assert.equal(done?.status?.phase, 'Succeeded', name);
      const [row] = done.status.targets ?? [];
      assert.equal(row?.result?.run, 1, `${name} ran once`);
      // A call to an agent that was on its way when the operator died is not among the steps, and need not be made again.
      const ids = [...(idsByPod(taken, 'dispatch').get('sei-1') ?? [])];
      assert.ok(ids.length <= 2, `${name}: each was dispatched under one id, not ${ids.join()}`);
      assert.ok(!ids.includes(row.taskID ?? '') || ids.at(-1) === row.taskID, `${name} came last`);
    },
  );
  assert.ok(steps >= 9, `died in ${steps} different steps`);
});
