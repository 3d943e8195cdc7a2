import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { maxFence, type NodeTask, silentLogger } from '@nodetask/shared';
import { type Cluster, startCluster } from '@nodetask/testbed';
import { StatusWriter } from '../src/controller/status-writer.ts';
import { isConflict, isNotFound } from '../src/kube/api-error.ts';
import type { Fence } from '../src/kube/held-lease.ts';
import { LeadershipLostError } from '../src/kube/leadership-lost-error.ts';
import { noKubeMetrics } from '../src/kube/kube-metrics.ts';
import { loadKubeConfig } from '../src/kube/load-kube-config.ts';
import { ReadYourWrites } from '../src/kube/read-your-writes.ts';
import { lostFence, RisingFence } from '../src/kube/testing/fences.ts';
import { Transport } from '../src/kube/transport.ts';
import { pathOf } from './support/test-cluster.ts';

let cluster: Cluster;
let transport: Transport;
let writer: StatusWriter;
const { signal } = new AbortController();
const spec = { type: 'mark-ready', target: { podName: 'sei-0' } };

before(async () => {
  cluster = await startCluster({ operator: false });
  const access = await loadKubeConfig({ kubeconfig: await cluster.operatorKubeconfig('writer') });
  transport = new Transport({
    access,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: noKubeMetrics,
  });
  writer = writerWith(lostFence(1));
});

after(async () => {
  await transport.close();
  await cluster.stop();
});

const writerWith = (fence: Fence): StatusWriter =>
  new StatusWriter({
    transport,
    ownWrites: new ReadYourWrites({ clock: systemClock, current: () => undefined }),
    fence,
  });

const apply = async (name: string): Promise<NodeTask> =>
  (await cluster.applyNodeTask(name, spec)) as unknown as NodeTask;

test('the status of an object that was created anew meanwhile is taken back', async () => {
  const former = await apply('again');
  await cluster.admin.delete(pathOf(cluster, 'again'));
  const present = await apply('again');
  assert.notEqual(present.metadata.uid, former.metadata.uid);
  await assert.rejects(writer.apply(former, { observedGeneration: 1, phase: 'Succeeded' }, signal), isConflict);
  const seen = await cluster.admin.get<NodeTask>(pathOf(cluster, 'again'));
  assert.equal(seen?.status?.phase, 'Pending');
  assert.ok((seen?.status?.observedGeneration ?? -1) < 0, JSON.stringify(seen?.status));
});

test('a former leader whose write comes late cannot undo what a newer one wrote', async () => {
  const former = await apply('overtaken');
  const targets = [{ pod: 'sei-0' }];
  const late = await writer.apply(former, { observedGeneration: 1, phase: 'Pending', targets }, signal);
  await writerWith(new RisingFence(2)).apply(late, { observedGeneration: 1, phase: 'Running', targets }, signal);
  await assert.rejects(writer.apply(late, { observedGeneration: 1, phase: 'Pending' }, signal), LeadershipLostError);
  await assert.rejects(writer.dropRows(late, ['sei-0'], signal), isConflict);
  const seen = await cluster.admin.get<NodeTask>(pathOf(cluster, 'overtaken'));
  assert.deepEqual([seen?.status?.phase, seen?.status?.fence], ['Running', 2]);
});

test('a leader whose Lease was put back from a backup rises above the fence of the status', async () => {
  const read = await apply('restored');
  await writerWith(new RisingFence(9)).apply(read, { observedGeneration: 1, phase: 'Running' }, signal);
  const fence = new RisingFence(2);
  const written = await writerWith(fence).apply(read, { observedGeneration: 1, phase: 'Succeeded' }, signal);
  assert.deepEqual([written.status?.phase, written.status?.fence, fence.value], ['Succeeded', 10, 10]);
});

test('a fence in status that no clock can have given is replaced by a lower one', async () => {
  const read = await apply('of-the-future');
  const targets = [{ pod: 'sei-0' }];
  await writerWith(new RisingFence(maxFence)).apply(read, { observedGeneration: 1, phase: 'Running', targets }, signal);
  const fence: Fence = { value: 2, raise: async () => Promise.resolve(false) };
  const written = await writerWith(fence).apply(read, { observedGeneration: 1, phase: 'Succeeded', targets }, signal);
  assert.deepEqual([written.status?.phase, written.status?.fence], ['Succeeded', 2]);
});

test('a finalizer is set on exactly the version that was read', async () => {
  const read = await apply('versioned');
  const patched = await writer.addFinalizer(read, signal);
  assert.deepEqual(patched.metadata.finalizers, ['nodetask.dev/cancel']);
  await assert.rejects(
    writer.addFinalizer({ ...read, metadata: { ...read.metadata, finalizers: [] } }, signal),
    isConflict,
  );
  const freed = await writer.removeFinalizer(patched, signal);
  assert.equal(freed.metadata.finalizers, undefined);
});

test('exactly the version that was read is deleted, and no other object of its name', async () => {
  const read = await apply('expired');
  const changed = (await cluster.applyNodeTask('expired', { ...spec, runID: '2' })) as unknown as NodeTask;
  await assert.rejects(writer.delete(read, signal), isConflict, 'it is to run again');
  const foreign = { ...changed, metadata: { ...changed.metadata, uid: read.metadata.uid.replaceAll(/./g, '0') } };
  await assert.rejects(writer.delete(foreign, signal), isConflict);
  await writer.delete(changed, signal);
  assert.equal(await cluster.admin.get(pathOf(cluster, 'expired')), undefined);
  await assert.rejects(writer.delete(changed, signal), isNotFound);
});
