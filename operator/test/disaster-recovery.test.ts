import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { headers, newLeaseSince } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { until, untilFinished } from './support/test-cluster.ts';

/** A cluster whose Lease, or all that etcd has stored, is put back to an earlier state. The operator and the agents come right by themselves. */
let cluster: Cluster;

const healMs = 120_000;
/** When the NodeTask `waits` was done. */
let endOfWaits: string | undefined;
const leasePath = '/apis/coordination.k8s.io/v1/namespaces/nodetask-system/leases/nodetask-operator';
const markReady = { type: 'mark-ready', target: { podName: 'sei-0' } };

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

before(async () => {
  cluster = await startCluster();
  await cluster.createAgentPod('sei-0');
});

after(async () => {
  await cluster.stop();
});

const transitions = async (): Promise<number> =>
  (await cluster.admin.get<Lease>(leasePath))?.spec.leaseTransitions ?? 0;

const setLease = async (leaseTransitions: number): Promise<void> => {
  await cluster.admin.request({
    method: 'PATCH',
    path: leasePath,
    contentType: 'application/merge-patch+json',
    body: { spec: { leaseTransitions } },
  });
};

/** As a kubelet does: an operator that has ended is started again, until this is disposed. */
const kubelet = (): AsyncDisposable => {
  const over = Promise.withResolvers<'over'>();
  const keep = async (): Promise<void> => {
    for (;;) {
      const { operator } = cluster;
      if (!operator.process.running) await operator.start();
      if ((await Promise.race([operator.process.exited, over.promise])) === 'over') return;
    }
  };
  const keeping = keep();
  return {
    [Symbol.asyncDispose]: async () => {
      over.resolve('over');
      await keeping;
    },
  };
};

/** A NodeTask that is made now succeeds in time. */
const works = async (name: string): Promise<void> => {
  await cluster.applyNodeTask(name, markReady);
  const { status } = await untilFinished(cluster, name, undefined, healMs);
  assert.equal(status?.phase, 'Succeeded');
};

describe('a Lease of the past', () => {
  test('does not stop an operator that starts while an unfinished NodeTask has a higher fence', async () => {
    await cluster.applyNodeTask('waits', { type: 'mark-ready', target: { podName: 'sei-1' } });
    await until(cluster, 'waits', 'to wait for its pod', ({ status }) => status?.fence !== undefined);
    await cluster.operator.stop();
    await setLease(218_000_000);
    await cluster.operator.start();
    await works('after-the-edit');
    assert.ok((await transitions()) > 218_000_000);
    assert.equal(cluster.operator.process.running, true);
    await cluster.createAgentPod('sei-1');
    const { status } = await untilFinished(cluster, 'waits', undefined, healMs);
    assert.equal(status?.phase, 'Succeeded');
    endOfWaits = status.targets?.[0]?.result?.completedAt;
  });

  test('is raised above what an agent has seen of a leader that is not known any more', async () => {
    const inAnHour = Math.floor((Date.now() - newLeaseSince) / 1000) + 3_600;
    const path = '/v0/tasks/00000000-0000-4000-8000-000000000000';
    const seen = await cluster
      .agent('sei-0')
      .request('DELETE', path, { headers: { [headers.fence]: String(inAnHour) } });
    assert.equal(seen.status, 204);
    await works('after-the-other-leader');
    assert.equal(await transitions(), inAnHour + 1);
    assert.equal(cluster.operator.process.running, true);
  });

  test('that somebody edits while the operator leads is set right with the next renewal', async () => {
    const held = await transitions();
    await setLease(held - 3);
    await waitFor(async () => (await transitions()) === held, { what: 'the Lease to be set right', timeoutMs: 10_000 });
    await works('after-the-edit-of-a-held-lease');
    assert.equal(cluster.operator.process.running, true);
  });
});

test('etcd that is put back from a copy under a running operator: new NodeTasks run, and one of the past that is finished does not run again', async (t) => {
  const { apiServer, etcd, folder } = cluster.controlPlane;
  const data = join(folder, 'etcd');
  const copy = join(folder, 'etcd-copy');
  const nightly = { ...markReady, type: 'config-validate', async: { schedule: { cron: '0 3 * * *' } } };
  await cluster.applyNodeTask('nightly', nightly);
  await until(cluster, 'nightly', 'to be scheduled', ({ status }) => status?.nextRunAt !== undefined);

  await apiServer.kill();
  await etcd.stop();
  await cp(data, copy, { recursive: true });
  await etcd.launch();
  await apiServer.start();
  const keeping = kubelet();
  t.after(async () => keeping[Symbol.asyncDispose]());
  // Versions go on, agents hear of NodeTasks and leaders that the copy does not know.
  for (let number = 0; number < 15; number += 1) await works(`lost-${number}`);
  // Another one leads, of which the copy does not know either.
  await cluster.operator.kill();
  await works('lost-too');

  await apiServer.kill();
  await etcd.kill();
  await rm(data, { recursive: true });
  await cp(copy, data, { recursive: true });
  await etcd.launch();
  await apiServer.start();
  assert.equal(
    await cluster.admin.get(`/apis/nodetask.dev/v1alpha1/namespaces/${cluster.namespace}/nodetasks/lost-0`),
    undefined,
  );
  const restored = performance.now();
  await works('after-the-restore');
  await works('lost-0');
  await until(cluster, 'nightly', 'to be scheduled', ({ status }) => status?.phase === 'Scheduled', healMs);
  assert.ok(performance.now() - restored < healMs);
  const { status } = await untilFinished(cluster, 'waits');
  assert.equal(status?.targets?.[0]?.result?.completedAt, endOfWaits);
  assert.ok(endOfWaits !== undefined);
});
