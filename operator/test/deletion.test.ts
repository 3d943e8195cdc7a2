import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { eventsOf, pathOf, until } from './support/test-cluster.ts';

/** The end of a NodeTask whose work cannot be stopped as it should be: real operator process, real agents that stand still. */
let cluster: Cluster;
let source: SilentSource;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  source = await SilentSource.start();
});

after(async () => {
  await source[Symbol.asyncDispose]();
  await cluster.stop();
});

/** Well below the grace time of 30 s, and more than a busy machine needs. */
const atOnceMs = 20_000;

/** A NodeTask of this name that runs on a pod of its own. Returns the id of its task. */
const running = async (name: string): Promise<string> => {
  await cluster.createAgentPod(`${name}-0`, { allowHosts: ['127.0.0.1'] });
  await cluster.applyNodeTask(name, {
    type: 'configure-genesis',
    target: { podName: `${name}-0` },
    params: { rpc: source.url },
  });
  const { metadata, status } = await until(cluster, name, 'to run', (task) => task.status?.phase === 'Running');
  assert.deepEqual(metadata.finalizers, ['nodetask.dev/cancel']);
  return status?.targets?.[0]?.taskID ?? '';
};

/** The same, and its agent then stands still. */
const stuck = async (name: string): Promise<void> => {
  await running(name);
  cluster.agent(`${name}-0`).process.pause();
};

const forceDelete = async (name: string): Promise<void> => {
  await cluster.admin.request({
    method: 'PATCH',
    path: pathOf(cluster, name),
    body: { metadata: { annotations: { 'nodetask.dev/force-delete': 'yes' } } },
    contentType: 'application/merge-patch+json',
  });
  await cluster.admin.delete(pathOf(cluster, name));
};

const untilGone = async (name: string, timeoutMs: number): Promise<void> => {
  await cluster.untilNodeTask(name, (object) => object === undefined, { what: `${name} to be gone`, timeoutMs });
};

test('it goes at once where the pod is gone', async () => {
  await stuck('gone');
  // A frozen process does not end by itself; its kubelet would kill it in the end.
  cluster.agent('gone-0').process.resume();
  await cluster.deletePod('gone-0');
  await cluster.admin.delete(pathOf(cluster, 'gone'));
  await untilGone('gone', atOnceMs);
});

test('it goes at once where the pod has ended', async () => {
  await stuck('ended');
  await cluster.admin.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${cluster.namespace}/pods/ended-0/status`,
    body: { status: { phase: 'Failed', reason: 'Evicted' } },
    contentType: 'application/merge-patch+json',
  });
  await cluster.admin.delete(pathOf(cluster, 'ended'));
  await untilGone('ended', atOnceMs);
  cluster.agent('ended-0').process.resume();
});

test('it goes at once by force', async () => {
  await stuck('forced');
  await forceDelete('forced');
  await untilGone('forced', atOnceMs);
  cluster.agent('forced-0').process.resume();
});

test('an agent that can be reached has stopped the work when it goes by force', async () => {
  const id = await running('told');
  await forceDelete('told');
  await untilGone('told', atOnceMs);
  const { status } = await cluster.agent('told-0').request('GET', `/v0/tasks/${id}`);
  assert.equal(status, 404);
});

test('it waits for an agent that stands still, not for ever, and says what is not known', async () => {
  await stuck('silent');
  const begin = performance.now();
  await cluster.admin.delete(pathOf(cluster, 'silent'));
  await untilGone('silent', 90_000);
  assert.ok(performance.now() - begin > atOnceMs, 'it has waited for the grace time');
  const told = await waitFor(
    async () => (await eventsOf(cluster, 'silent')).find(({ reason }) => reason === 'AgentUnreachable'),
    { what: 'the event AgentUnreachable', timeoutMs: 15_000 },
  );
  assert.match(told.note, /silent-0 did not confirm within 30 s that the work has stopped/);
  cluster.agent('silent-0').process.resume();
});
