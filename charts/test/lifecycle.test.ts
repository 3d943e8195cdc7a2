import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agentPort, agentPortName, type NodeTask } from '@nodetask/shared';
import { type Cluster, type CommandResult, helm, startCluster, waitFor } from '@nodetask/testbed';
import { chart, releaseNamespace, type Values, withValues } from './support/chart.ts';
import { inventory } from './support/inventory.ts';
import { LoopbackService } from './support/loopback-service.ts';
import { OperatorPods } from './support/operator-pods.ts';

/**
 * A release from its install to its uninstall, with the default values: the operator runs in the pods of its Deployment, and an agent with a certificate of
 * its CA has work to do. */
let cluster: Cluster;
let service: LoopbackService;
let pods: OperatorPods;
let atFirst: readonly string[] = [];

const namespace = 'sei';
const common: Values = { agentNamespaces: [namespace] };
/** Written out by hand: here no API server reaches the webhook. */
const containers = [
  { name: 'node', image: 'testbed/node' },
  { name: 'nodetask-agent', image: 'testbed/agent', ports: [{ name: agentPortName, containerPort: agentPort }] },
];

before(async () => {
  service = await LoopbackService.listen();
  cluster = await startCluster({ namespace, install: false, tls: true, operatorUrl: service.url });
  await cluster.controlPlane.createNamespace(releaseNamespace);
  atFirst = await inventory(cluster.controlPlane);
  const { controlPlane, agentTokenFile } = cluster;
  pods = new OperatorPods({ controlPlane, namespace: releaseNamespace, agentTokenFile, service });
});

after(async () => {
  await pods[Symbol.asyncDispose]();
  await cluster.stop();
  await service[Symbol.asyncDispose]();
});

const run = async (...args: readonly string[]): Promise<CommandResult> => {
  const result = await helm(cluster.controlPlane, [
    ...args,
    '--namespace',
    releaseNamespace,
    '--wait',
    '--timeout',
    '4m',
  ]);
  assert.equal(result.code, 0, result.stderr);
  return result;
};

/** What there was not at first. */
const left = async (): Promise<readonly string[]> =>
  (await inventory(cluster.controlPlane)).filter((object) => !atFirst.includes(object));

/** Has the agent do something, and waits until it has reported it itself. */
const runTask = async (name: string): Promise<NodeTask | undefined> => {
  await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'sei-0' } });
  const nodeTask = await cluster.untilNodeTask<NodeTask>(name, (object) => object?.status?.phase === 'Succeeded', {
    what: `${name} to succeed`,
    timeoutMs: 60_000,
  });
  assert.equal(nodeTask?.status?.targets?.[0]?.result?.status, 'completed', 'reported by the agent');
  return nodeTask;
};

const concurrency = async (): Promise<string | undefined> => {
  const path = `/apis/apps/v1/namespaces/${releaseNamespace}/deployments/nodetask-operator`;
  const deployment = await cluster.admin.get<{
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
    };
  }>(path);
  return deployment?.spec.template.spec.containers[0]?.args.find((arg) => arg.startsWith('--concurrency='));
};

describe('a release', () => {
  test('is installed: both replicas are ready, one leads, and a first task runs', { timeout: 300_000 }, async () => {
    const { stdout } = await run('install', 'nodetask', chart, ...withValues(common));
    assert.match(stdout, /^NodeTask [\d.]+ is installed for the namespaces sei\.$/m);
    assert.equal(pods.operators.size, 2);
    const roles = await Promise.all(
      [...pods.operators.values()].map(async ({ healthUrl }) => (await fetch(`${healthUrl}/readyz`)).text()),
    );
    assert.deepEqual(roles.map((role) => role.trim()).toSorted(), ['leader', 'standby']);
    await cluster.createAgentPod('sei-0', { spec: { serviceAccountName: 'default', containers } });
    await runTask('first');
  });

  test('is upgraded: other pods, with other arguments, go on with the work', { timeout: 300_000 }, async () => {
    const earlier = new Set(pods.operators.keys());
    await run('upgrade', 'nodetask', chart, ...withValues({ ...common, operator: { concurrency: 8 } }));
    assert.equal(await concurrency(), '--concurrency=8');
    assert.deepEqual(
      [...pods.operators.keys()].filter((name) => earlier.has(name)),
      [],
    );
    await runTask('after-the-upgrade');
  });

  test('is rolled back', { timeout: 300_000 }, async () => {
    await run('rollback', 'nodetask', '1');
    assert.equal(await concurrency(), '--concurrency=16');
    await runTask('after-the-rollback');
  });

  test('is uninstalled: nothing is left but the CRD and the NodeTasks', { timeout: 300_000 }, async () => {
    await run('uninstall', 'nodetask');
    const expected = [
      'CustomResourceDefinition nodetasks.nodetask.dev',
      'NodeTask sei/after-the-rollback',
      'NodeTask sei/after-the-upgrade',
      'NodeTask sei/first',
      'Pod sei/sei-0',
    ];
    let last: readonly string[] = [];
    await waitFor(
      async () => {
        last = await left();
        return last.length <= expected.length;
      },
      { what: 'everything to be gone', timeoutMs: 60_000, detail: () => last.join(', ') },
    );
    assert.deepEqual(last, expected);
  });

  test('is installed again, and takes up the NodeTasks that are there', { timeout: 300_000 }, async () => {
    await run('install', 'nodetask', chart, ...withValues(common));
    const again = await runTask('second-life');
    assert.ok(again);
  });
});
