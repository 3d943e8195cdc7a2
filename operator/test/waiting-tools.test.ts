import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NodeTask } from '@nodetask/shared';
import { type Cluster, type CommandResult, helm, startCluster } from '@nodetask/testbed';
import { SilentSource } from './support/silent-source.ts';
import { pathOf, until, untilFinished } from './support/test-cluster.ts';

type Spec = Readonly<Record<string, unknown>>;

/** Programs that wait for a NodeTask, started right after it was applied: they end when it ends, and say how. */
let cluster: Cluster;
const chart = fileURLToPath(new URL('charts/node-task', import.meta.url));
/** Far longer than anything here takes: who ends by it has not seen the end. */
const timeoutSeconds = 240;

before(async () => {
  cluster = await startCluster();
  await cluster.createAgentPod('sei-0', { allowHosts: ['127.0.0.1'] });
  // The first time kubectl reads all that the API server can; on a busy machine that takes longer than what is waited for here.
  await cluster.controlPlane.kubectl(['get', 'nodetasks']);
});

after(async () => {
  await cluster.stop();
});

const target = { podName: 'sei-0' };
const ready: Spec = { type: 'mark-ready', target };
const endless = (source: SilentSource): Spec => ({ type: 'configure-genesis', target, params: { rpc: source.url } });

/** Keeps the agent busy until the source hangs up: what comes after is queued. */
const block = async (source: SilentSource, name: string): Promise<void> => {
  await cluster.applyNodeTask(name, endless(source));
  await source.connected();
};

interface Waiting {
  readonly result: Promise<CommandResult>;
  /** Whether it has ended. */
  readonly ended: () => boolean;
}

const waiting = (result: Promise<CommandResult>): Waiting => {
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  result.then(end, end);
  return { result, ended: () => ended };
};

const kubectlWait = (name: string, condition: string): Waiting => {
  const args = ['wait', `nodetask/${name}`, `--for=condition=${condition}`, '--timeout=50s'];
  return waiting(cluster.controlPlane.kubectl([...args, '--namespace', cluster.namespace]));
};

const helmWait = (command: 'install' | 'upgrade', name: string, spec: Spec): Waiting => {
  const args = [command, name, chart, '--wait', '--timeout', `${timeoutSeconds}s`, '--namespace', cluster.namespace];
  const values = ['--set-json', `spec=${JSON.stringify(spec)}`];
  return waiting(helm(cluster.controlPlane, [...args, ...values], { timeoutMs: 2 * timeoutSeconds * 1000 }));
};

const isQueued = ({ status }: NodeTask): boolean => status?.phase === 'Queued';

test('kubectl wait ends with the task, whether that succeeds or fails', async () => {
  await using source = await SilentSource.start();
  await block(source, 'blocker');
  await cluster.applyNodeTask('good', ready);
  const [finished, complete] = [kubectlWait('good', 'Finished'), kubectlWait('good', 'Complete')];
  const failed = kubectlWait('blocker', 'Finished');
  await until(cluster, 'good', 'to be queued', isQueued);
  assert.ok(!finished.ended() && !complete.ended() && !failed.ended());
  source.hangUp();
  for (const { result } of [finished, complete, failed]) {
    const { code, stdout, stderr } = await result;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^nodetask\.nodetask\.dev\/\w+ condition met$/m);
  }
  assert.equal((await untilFinished(cluster, 'blocker')).status?.phase, 'Failed');
});

test('helm install --wait returns once the task has succeeded, and upgrade --wait for its next run', async () => {
  for (const [command, runID] of [
    ['install', '1'],
    ['upgrade', '2'],
  ] as const) {
    await using source = await SilentSource.start();
    await block(source, `blocks-${command}`);
    const installed = helmWait(command, 'release', ready);
    await until(cluster, 'release', 'to be queued', (o) => isQueued(o) && o.spec.runID === runID);
    assert.ok(!installed.ended(), `helm ${command} did not wait`);
    source.hangUp();
    const { code, stderr } = await installed.result;
    assert.equal(code, 0, stderr);
    const nodeTask = await cluster.admin.get<NodeTask>(pathOf(cluster, 'release'));
    assert.equal(nodeTask?.status?.phase, 'Succeeded');
    assert.equal(nodeTask.status.runID, runID);
  }
});

test('helm install --wait fails with the task, long before its time-out', async () => {
  await using source = await SilentSource.start();
  const installed = helmWait('install', 'broken', endless(source));
  await source.connected();
  assert.ok(!installed.ended());
  const begin = performance.now();
  source.hangUp();
  const { code, stderr } = await installed.result;
  assert.notEqual(code, 0);
  assert.ok(performance.now() - begin < (timeoutSeconds * 1000) / 2, `helm waited for its time-out: ${stderr}`);
  assert.match(stderr, /broken/);
});

test('helm install --wait takes a schedule for done once it is in place', async () => {
  const { code, stderr } = await helmWait('install', 'nightly', {
    type: 'config-validate',
    target,
    async: { schedule: { cron: '0 3 * * *' } },
  }).result;
  assert.equal(code, 0, stderr);
  const nodeTask = await cluster.admin.get<NodeTask>(pathOf(cluster, 'nightly'));
  assert.equal(nodeTask?.status?.phase, 'Scheduled');
});

test('the health check for Argo CD is added to the ConfigMap that is there, and takes nothing away', async () => {
  const { controlPlane, admin } = cluster;
  await controlPlane.createNamespace('argocd');
  const metadata = { name: 'argocd-cm', namespace: 'argocd' };
  await admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { url: 'https://argocd.example.com' } });
  const file = fileURLToPath(new URL('../../examples/argocd/argocd-cm.yaml', import.meta.url));
  const applied = await controlPlane.kubectl(['apply', '--server-side', '--field-manager=nodetask', '-f', file]);
  assert.equal(applied.code, 0, applied.stderr);
  const config = await admin.get<{ readonly data: object }>('/api/v1/namespaces/argocd/configmaps/argocd-cm');
  assert.deepEqual(Object.keys(config?.data ?? {}).toSorted(), [
    'resource.customizations.actions.nodetask.dev_NodeTask',
    'resource.customizations.health.nodetask.dev_NodeTask',
    'url',
  ]);
});

test('a misspelt field is refused by whoever applies server-side, also without validation', async () => {
  const manifest = {
    apiVersion: 'nodetask.dev/v1alpha1',
    kind: 'NodeTask',
    metadata: { name: 'misspelt', namespace: cluster.namespace },
    spec: { ...ready, timeoutSecs: 3 },
  };
  const { code, stderr } = await cluster.controlPlane.kubectl(
    ['apply', '--server-side', '--validate=false', '-f', '-'],
    { input: JSON.stringify(manifest) },
  );
  assert.equal(code, 1);
  assert.match(stderr, /\.spec\.timeoutSecs: field not declared in schema/);
});
