import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Cluster, type OperatorProcess, startCluster, waitFor } from '@nodetask/testbed';
import { untilFinished } from './support/test-cluster.ts';

/** The operator watches namespaces by name, as with agentNamespaces of the chart, and has no rights in one of them. */
let cluster: Cluster;
let operator: OperatorProcess;
const broken = 'team-a';
const lease = '/apis/coordination.k8s.io/v1/namespaces/nodetask-system/leases/nodetask-operator';

const bind = async (namespace: string): Promise<void> => {
  await cluster.admin.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'nodetask-operator', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'nodetask-operator' },
    subjects: [{ kind: 'ServiceAccount', name: 'nodetask-operator', namespace: 'nodetask-system' }],
  });
};

const watching = (...namespaces: readonly string[]) => ({
  args: namespaces.flatMap((namespace) => ['--namespace', namespace]),
});

const unreadable = async (): Promise<readonly string[]> =>
  [...(await operator.metrics()).matchAll(/^nodetask_operator_namespaces_unreadable\{namespace="([^"]+)"\} 1$/gmu)].map(
    ([, name = '']) => name,
  );

const markReady = { type: 'mark-ready', target: { podName: 'sei-0' } };

before(async () => {
  cluster = await startCluster({ operator: false });
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/nodetask-operator';
  await cluster.admin.delete(roles);
  await bind(cluster.namespace);
  await cluster.createAgentPod('sei-0');
  operator = await cluster.startOperator(watching(cluster.namespace, broken));
});

after(async () => {
  await cluster.stop();
});

describe('a namespace in which the operator has no rights', () => {
  test('keeps it from no other: the operator is ready, leads and works', async () => {
    await cluster.applyNodeTask('elsewhere', markReady);
    assert.equal((await untilFinished(cluster, 'elsewhere')).status?.phase, 'Succeeded');
  });

  test('is named by a metric and by an event about the Lease, with the remedy', async () => {
    assert.deepEqual(await unreadable(), [broken]);
    const path = '/apis/events.k8s.io/v1/namespaces/nodetask-system/events';
    const note = await waitFor(
      async () => {
        const list = await cluster.admin.get<{ items: { reason: string; note: string }[] }>(path);
        return list?.items.find(({ reason }) => reason === 'NamespaceUnreadable')?.note;
      },
      { what: 'the event', timeoutMs: 10_000 },
    );
    assert.match(
      note,
      /^The operator cannot read namespace team-a and does nothing there \(.*forbidden.*\): take it out of agentNamespaces if it is gone, else give the operator its RoleBinding back\.$/,
    );
  });

  test('is worked in as soon as the operator has its rights, without a restart', async () => {
    await cluster.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: broken } });
    await cluster.admin.apply({
      apiVersion: 'nodetask.dev/v1alpha1',
      kind: 'NodeTask',
      metadata: { name: 'waits', namespace: broken },
      spec: markReady,
    });
    await bind(broken);
    const task = `/apis/nodetask.dev/v1alpha1/namespaces/${broken}/nodetasks/waits`;
    await waitFor(
      async () => {
        const seen = await cluster.admin.get<{ status?: { observedGeneration?: number } }>(task);
        return seen?.status?.observedGeneration === 1;
      },
      { what: 'the operator to look at the NodeTask', timeoutMs: 30_000 },
    );
    assert.deepEqual(await unreadable(), []);
  });
});

test('an operator that may read nothing leaves the Lease to others, and is not ready', async () => {
  await operator.stop();
  const blind = await cluster.startOperator(watching('team-b')).then(
    () => 'ready',
    () => 'not ready',
  );
  assert.equal(blind, 'not ready');
  const { spec } = (await cluster.admin.get<{ spec: { holderIdentity?: string } }>(lease)) ?? {};
  assert.equal(spec?.holderIdentity, '');
});
