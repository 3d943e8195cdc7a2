import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agentFieldManager, maxTargetRows, type NodeTask, type TaskResult } from '@nodetask/shared';
import {
  type Cluster,
  type Row,
  startCluster,
  StatusWriters,
  untilAdmissionPolicyHolds,
  type Written,
} from '@nodetask/testbed';
import { taskID } from '../src/controller/task-id.ts';
import { HeldTask, onAgent, taskIDOf } from './support/pod-faults.ts';
import { reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Rows of pods that the operator never dispatched to, against the real operator: with the admission policy, which lets a pod write its own, and without. */

const accepted = (written: Written): void => {
  assert.equal(written.status, 200, written.message);
};

const idOn = (nodeTask: NodeTask, pod: string): string =>
  taskID({ nodeTaskUID: nodeTask.metadata.uid, runID: undefined, pod, attempt: 1 });

/** A row with the id that the operator would have given: everybody can compute it. */
const lie = (nodeTask: NodeTask, pod: string, changes: Partial<TaskResult>): Row => ({
  pod,
  result: {
    id: idOn(nodeTask, pod),
    type: 'mark-ready',
    status: 'failed',
    error: 'a lie',
    submittedAt: '2026-11-24T10:00:00.000Z',
    run: 1,
    ...changes,
  },
  runs: [],
});

const podsOf = ({ status }: NodeTask): readonly string[] => status?.targets?.map(({ pod }) => pod) ?? [];
const targetsOnly =
  (...pods: readonly string[]) =>
  (nodeTask: NodeTask): boolean =>
    podsOf(nodeTask).toSorted().join() === pods.toSorted().join();

describe('with the policy, a pod that is no target', { timeout: 180_000 }, () => {
  let cluster: Cluster;
  let writers: StatusWriters;

  before(async () => {
    cluster = await startCluster({ operator: { leaderElect: false } });
    await untilAdmissionPolicyHolds(cluster.admin, cluster.namespace);
    writers = new StatusWriters(cluster);
  });

  after(async () => {
    writers[Symbol.dispose]();
    await cluster.stop();
  });

  test('cannot make a NodeTask fail, nor succeed, by a row of its own: the row goes', async () => {
    await cluster.createAgentPod('sei-0', { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] });
    await using held = await HeldTask.create(cluster, 'sei-0', {
      target: { selector: { matchLabels: { app: 'sei' } } },
    });
    const running = await held.run();
    const liar = await writers.pod('liar');
    for (const status of ['failed', 'completed', 'running'] as const) {
      accepted(await liar.rows('sei-0', [lie(running, 'liar', { status })]));
      const cleaned = await held.until('to have the row of its target alone', targetsOnly('sei-0'));
      assert.equal(cleaned.status?.phase, 'Running');
      assert.deepEqual(cleaned.status.counts, { desired: 1, running: 1, succeeded: 0, failed: 0 });
      assert.doesNotMatch(JSON.stringify(cleaned.status), /a lie/);
    }
    held.hangUp();
    await held.until('to end', (nodeTask) => reasonOf(nodeTask, 'Finished') !== undefined);
  });

  test('cannot write into a NodeTask that has ended for longer than a moment', async () => {
    await cluster.createAgentPod('sei-1');
    await cluster.applyNodeTask('ended', { type: 'mark-ready', target: { podName: 'sei-1' } });
    const done = await untilFinished(cluster, 'ended');
    const liar = await writers.pod('late-liar');
    accepted(await liar.rows('ended', [lie(done, 'late-liar', {})]));
    const cleaned = await until(cluster, 'ended', 'to have the row of its target alone', targetsOnly('sei-1'));
    assert.equal(cleaned.status?.phase, 'Succeeded');
  });

  test('cannot keep the honest ones from being heard by writing without end', async () => {
    const agent = await cluster.createAgentPod('sei-2');
    const liars = await Promise.all(['flood-0', 'flood-1', 'flood-2'].map(async (name) => writers.pod(name)));
    await cluster.applyNodeTask('flooded', {
      type: 'config-validate',
      target: { podName: 'sei-2' },
      async: { schedule: { cron: '0 3 * * *' } },
    });
    const flooded = await until(cluster, 'flooded', 'to be scheduled', (o) => reasonOf(o, 'Ready') === 'Scheduled');
    const flooding = { isOver: false, writes: 0 };
    const flood = async (index: number): Promise<void> => {
      for (let run = 0; !flooding.isOver; run++) {
        const written = await liars[index]?.rows('flooded', [lie(flooded, `flood-${index}`, { run })]);
        if (written?.status === 200) flooding.writes += 1;
      }
    };
    const floods = [0, 1, 2, 0, 1, 2].map(flood);
    try {
      for (let i = 0; i < 5 || flooding.writes < 100; i++) {
        await cluster.applyNodeTask(`under-flood-${i}`, { type: 'mark-ready', target: { podName: 'sei-2' } });
        const done = await untilFinished(cluster, `under-flood-${i}`);
        assert.equal(done.status?.phase, 'Succeeded');
      }
    } finally {
      flooding.isOver = true;
      await Promise.all(floods);
    }
    await until(cluster, 'flooded', 'to have the row of its target alone', targetsOnly('sei-2'));
    assert.notEqual(await onAgent(agent, taskIDOf(flooded)), undefined);
  });
});

describe('without the policy', { timeout: 180_000 }, () => {
  let cluster: Cluster;
  let writers: StatusWriters;

  before(async () => {
    cluster = await startCluster({ operator: { leaderElect: false }, admissionPolicy: false });
    writers = new StatusWriters(cluster);
  });

  after(async () => {
    writers[Symbol.dispose]();
    await cluster.stop();
  });

  test('rows of pods that do not exist, as many as fit, count for nothing and go', async () => {
    const liar = await writers.pod('liar');
    const target = { selector: { matchLabels: { app: 'late' } } };
    await cluster.applyNodeTask('crowded', { type: 'mark-ready', target });
    const waiting = await until(cluster, 'crowded', 'to wait', (o) => reasonOf(o, 'Reconciling') === 'NoTarget');
    const rows = (first: number, count: number): readonly Row[] =>
      Array.from({ length: count }, (_, i) => lie(waiting, `nobody-${first + i}`, {}));
    accepted(await liar.rows('crowded', rows(0, 256)));
    await until(cluster, 'crowded', 'to have no row', targetsOnly());
    // The next ones stay a while, and fill the list: there is no place for the row of the pod that comes.
    for (let part = 0; part < maxTargetRows / 64; part++) {
      accepted(await liar.rows('crowded', rows(part * 64, 64), agentFieldManager(String(part).repeat(16))));
    }
    await cluster.createAgentPod('sei-0', { labels: { app: 'late' } });
    const done = await untilFinished(cluster, 'crowded');
    assert.equal(done.status?.phase, 'Succeeded');
    assert.equal(done.status.summary, '1/1');
    await until(cluster, 'crowded', 'to have the row of its target alone', targetsOnly('sei-0'));
  });

  test('a row for an honest pod has nothing of others stopped there', async () => {
    const agent = await cluster.createAgentPod('sei-1', { allowHosts: ['127.0.0.1'] });
    await using held = await HeldTask.create(cluster, 'sei-1');
    const victim = await held.run();
    await cluster.createAgentPod('sei-2', { labels: { app: 'two' } });
    await cluster.applyNodeTask('weapon', {
      type: 'mark-ready',
      target: { selector: { matchLabels: { app: 'two' } } },
      suspend: true,
    });
    const weapon = await until(cluster, 'weapon', 'to be suspended', (o) => reasonOf(o, 'Suspended') !== undefined);
    const liar = await writers.pod('liar-2');
    accepted(
      await liar.rows('weapon', [lie(weapon, 'sei-1', { id: taskIDOf(victim), status: 'running', error: undefined })]),
    );
    await cluster.applyNodeTask('weapon', {
      type: 'mark-ready',
      target: { selector: { matchLabels: { app: 'two' } } },
      suspend: false,
      cancel: true,
    });
    await until(cluster, 'weapon', 'to be cancelled', ({ status }) => status?.phase === 'Cancelled');
    assert.equal((await onAgent(agent, taskIDOf(victim)))?.status, 'running');
  });
});
