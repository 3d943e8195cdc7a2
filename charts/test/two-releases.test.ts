import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agentPort, agentPortName, type NodeTask } from '@nodetask/shared';
import { type Cluster, helm, startCluster, waitFor } from '@nodetask/testbed';
import { chart, type Values, withValues } from './support/chart.ts';
import { LoopbackService } from './support/loopback-service.ts';
import { OperatorPods } from './support/operator-pods.ts';

/** Two releases in one cluster, each for its own namespaces, with the admission policy of each. */
let cluster: Cluster;
const services: LoopbackService[] = [];
const pods: OperatorPods[] = [];

/** That of the cluster's agents is watched by the second release. */
const second = { release: 'tasks-b', namespace: 'nt-b', watches: 'team-b' };
const first = { release: 'nodetask', namespace: 'nt-a', watches: 'team-a' };
const containers = [
  { name: 'node', image: 'testbed/node' },
  { name: 'nodetask-agent', image: 'testbed/agent', ports: [{ name: agentPortName, containerPort: agentPort }] },
];

before(async () => {
  services.push(await LoopbackService.listen(), await LoopbackService.listen());
  const [, ofSecond] = services;
  cluster = await startCluster({
    namespace: second.watches,
    install: false,
    tls: true,
    operatorUrl: ofSecond?.url ?? '',
  });
  await cluster.controlPlane.createNamespace(first.watches);
  for (const [at, { namespace }] of [first, second].entries()) {
    const { controlPlane, agentTokenFile } = cluster;
    await controlPlane.createNamespace(namespace);
    const service = services[at];
    assert.ok(service);
    pods.push(new OperatorPods({ controlPlane, namespace, agentTokenFile, service }));
  }
});

after(async () => {
  for (const each of pods) await each[Symbol.asyncDispose]();
  await cluster.stop();
  for (const service of services) await service[Symbol.asyncDispose]();
});

const install = async ({ release, namespace, watches }: typeof first, more: Values = {}): Promise<void> => {
  const values = withValues({ agentNamespaces: [watches], ...more });
  const args = ['install', release, chart, ...values, '--namespace', namespace, '--wait', '--timeout', '4m'];
  const { code, stderr } = await helm(cluster.controlPlane, args);
  assert.equal(code, 0, stderr);
};

describe('a second release for other namespaces', () => {
  test('is installed beside the first, with a policy of its own', { timeout: 300_000 }, async () => {
    await install(first);
    await install(second, { crds: { install: false } });
  });

  test(
    'runs NodeTasks and writes their status, which the policy of the first does not refuse',
    { timeout: 120_000 },
    async () => {
      await cluster.createAgentPod('sei-0', { spec: { serviceAccountName: 'default', containers } });
      await cluster.applyNodeTask('of-b', { type: 'mark-ready', target: { podName: 'sei-0' } });
      const done = await cluster.untilNodeTask<NodeTask>('of-b', (object) => object?.status?.phase === 'Succeeded', {
        what: 'the NodeTask of the second release to succeed',
        timeoutMs: 60_000,
      });
      assert.equal(done?.status?.targets?.[0]?.result?.status, 'completed', 'reported by the agent');
    },
  );

  test('leaves the namespaces of the first to the first', { timeout: 60_000 }, async () => {
    await cluster.admin.apply({
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name: 'of-a', namespace: first.watches },
      spec: { type: 'mark-ready', target: { podName: 'sei-0' } },
    });
    const path = `/apis/nodetask.dev/v1alpha1/namespaces/${first.watches}/nodetasks/of-a`;
    await waitFor(async () => (await cluster.admin.get<NodeTask>(path))?.status?.observedGeneration === 1, {
      what: 'the first release to look at its NodeTask',
      timeoutMs: 30_000,
    });
  });
});
