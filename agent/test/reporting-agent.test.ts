import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { maxResultBytes, type NodeTaskStatus } from '@nodetask/shared';
import { type AgentProcess, type Cluster, type KubeObject, startCluster } from '@nodetask/testbed';

/** The whole agent as a pod of a real control plane: its journal, its service-account token, its reports. */

interface Shown extends KubeObject {
  readonly status?: NodeTaskStatus;
}

let cluster: Cluster;
before(async () => {
  cluster = await startCluster({ operator: false });
});
after(async () => {
  await cluster.stop();
});

const createNodeTask = async (name: string) => {
  const { metadata } = await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'any' } });
  return { namespace: cluster.namespace, name, uid: metadata.uid ?? '', maxResultBytes: maxResultBytes(1) };
};

const submit = async (agent: AgentProcess, name: string): Promise<string> => {
  const id = randomUUID();
  const answer = await agent.request('POST', '/v0/tasks', {
    body: { id, type: 'mark-ready', ref: await createNodeTask(name) },
  });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return id;
};

const untilShown = async (name: string, id: string): Promise<void> => {
  await cluster.untilNodeTask<Shown>(
    name,
    (object) =>
      object?.status?.targets?.some(({ result }) => result?.id === id && result.status === 'completed') ?? false,
    { what: `${name} to show ${id} completed` },
  );
};

test('results reach status within milliseconds of the request', async (t) => {
  const agent = await cluster.createAgentPod('sei-0');
  const times: number[] = [];
  for (let task = 0; task < 20; task++) {
    const name = `quick-${String(task)}`;
    const ref = await createNodeTask(name);
    const id = randomUUID();
    const started = performance.now();
    const shown = untilShown(name, id);
    await agent.request('POST', '/v0/tasks', { body: { id, type: 'mark-ready', ref } });
    await shown;
    times.push(performance.now() - started);
  }
  times.sort((left, right) => left - right);
  t.diagnostic(
    `POST to completed on status, in ms: median ${times[10]?.toFixed(1) ?? ''}, most ${times[19]?.toFixed(1) ?? ''}`,
  );
  await cluster.untilPodReady('sei-0');
});

test('killed while the API server is away: the next start reports what is left', async () => {
  const agent = await cluster.createAgentPod('sei-1');
  const { apiServer } = cluster.controlPlane;
  const ids: [name: string, id: string][] = [];
  const refs = await Promise.all([0, 1, 2].map((index) => createNodeTask(`left-${String(index)}`)));
  await apiServer.stop();
  for (const ref of refs) {
    const id = randomUUID();
    const answer = await agent.request('POST', '/v0/tasks', { body: { id, type: 'mark-ready', ref } });
    assert.equal(answer.status, 202);
    ids.push([ref.name, id]);
  }
  await agent.kill();
  await apiServer.start();
  await agent.start();
  for (const [name, id] of ids) await untilShown(name, id);
});

test('a stop flushes the last reports', async () => {
  const agent = await cluster.createAgentPod('sei-2');
  const id = await submit(agent, 'flushed');
  await agent.stop();
  await untilShown('flushed', id);
});
