import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { agentPortName, type NodeTask } from '@nodetask/shared';
import { type Cluster, startCluster, waitFor } from '@nodetask/testbed';
import { messageOf, PodFaults } from './support/pod-faults.ts';
import { eventsOf, pathOf, reasonOf, until, untilFinished } from './support/test-cluster.ts';

/** Causes that the operator sees, on a real API server: it names each where people look, with the remedy. */
let cluster: Cluster;
let pods: PodFaults;

before(async () => {
  cluster = await startCluster({ operator: { leaderElect: false } });
  pods = new PodFaults(cluster);
});

after(async () => {
  await cluster.stop();
});

const waitsFor = (reason: string) => (nodeTask: NodeTask) => reasonOf(nodeTask, 'Reconciling') === reason;

const eventAbout = async (name: string, reason: string): Promise<string> => {
  let note = '';
  await waitFor(
    async () => {
      note = (await eventsOf(cluster, name)).find((event) => event.reason === reason)?.note ?? '';
      return note !== '';
    },
    { what: `the event ${reason} about ${name}`, timeoutMs: 30_000 },
  );
  return note;
};

/** What a kubelet would write. */
const setStatus = async (pod: string, state: object, more: object = {}): Promise<void> => {
  const path = `/api/v1/namespaces/${cluster.namespace}/pods/${pod}`;
  const found = await cluster.admin.get<{ spec: { containers: { name: string; ports?: { name?: string }[] }[] } }>(
    path,
  );
  const own = found?.spec.containers.find(({ ports = [] }) => ports.some((port) => port.name === agentPortName));
  const name = own?.name ?? assert.fail('the pod has no container of an agent');
  const image = 'nodetask/nodetask-agent:0.1.0';
  const containerStatuses = [{ name, image, imageID: '', ready: false, restartCount: 0, state, ...more }];
  await cluster.admin.request({
    method: 'PATCH',
    path: `${path}/status`,
    body: { status: { containerStatuses } },
    contentType: 'application/merge-patch+json',
  });
};

test('an agent that does not run is told of by the state of its container, and the task goes on once it runs', async () => {
  const agent = await pods.create('states');
  await agent.kill();
  await setStatus('states', { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } });
  await cluster.applyNodeTask('states', { type: 'mark-ready', target: { podName: 'states' } });
  const image = await until(cluster, 'states', 'to wait for the image', waitsFor('ImageUnavailable'), 60_000);
  const said =
    /container \S+ of pod states cannot get nodetask\/nodetask-agent:0\.1\.0 \(ImagePullBackOff\): Back-off pulling image/;
  assert.match(messageOf(image), new RegExp(`^${said.source}; waiting until`));
  assert.match((await eventAbout('states', 'ImageUnavailable')).replace(/^C/, 'c'), said);

  await setStatus(
    'states',
    { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } },
    { restartCount: 2, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
  );
  const crash = await until(cluster, 'states', 'to wait for the crash', waitsFor('CrashLooping'), 60_000);
  assert.match(
    messageOf(crash),
    /\(CrashLoopBackOff, 2 restarts\), last with OOMKilled \(exit code 137\); raise its memory limit/,
  );

  await agent.start();
  await setStatus('states', { running: { startedAt: '2026-01-01T00:00:00Z' } }, { restartCount: 3, ready: true });
  assert.equal((await untilFinished(cluster, 'states', undefined, 60_000)).status?.phase, 'Succeeded');
});

const policies = '/apis/admissionregistration.k8s.io/v1';
const noFinalizers = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-finalizers }
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{ apiGroups: [nodetask.dev], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: [nodetasks] }]
  validations: [{ expression: '!has(object.metadata.finalizers)', message: no finalizers in this cluster }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-finalizers }
spec: { policyName: no-finalizers, validationActions: [Deny] }
`;

test('a finalizer that a policy refuses is said on status and as an event, nothing is started, and it goes on without the policy', async () => {
  const agent = await pods.create('refused');
  await cluster.admin.applyYaml(noFinalizers);
  const metadata = { name: 'probe', namespace: cluster.namespace, finalizers: ['nodetask.dev/cancel'] };
  const spec = { type: 'mark-ready', target: { podName: 'refused' } };
  const body = { apiVersion: 'nodetask.dev/v1alpha1', kind: 'NodeTask', metadata, spec };
  const path = `${pathOf(cluster, 'x').replace(/\/[^/]+$/, '')}?dryRun=All`;
  await waitFor(async () => (await cluster.admin.raw({ method: 'POST', path, body })).status === 422, {
    what: 'the policy to hold',
    timeoutMs: 30_000,
  });

  await cluster.applyNodeTask('refused', spec);
  const waiting = await until(cluster, 'refused', 'to tell of it', waitsFor('WriteRefused'), 60_000);
  const said =
    /the API server refuses the operator the finalizer nodetask\.dev\/cancel, without which nothing is started: .*no finalizers in this cluster/;
  assert.match(messageOf(waiting), said);
  assert.equal(waiting.status?.observedGeneration, 1);
  assert.match((await eventAbout('refused', 'WriteRefused')).replace(/^T/, 't'), said);
  assert.match(await cluster.operator.metrics(), /^nodetask_operator_refused_writes_total\{write="finalizer"\} [1-9]/m);
  const { body: tasks } = await agent.request('GET', '/v0/tasks');
  assert.deepEqual(tasks, [], 'nothing is on the agent');
  const again = await until(cluster, 'refused', 'to stay so', waitsFor('WriteRefused'));
  assert.equal(again.metadata.resourceVersion, waiting.metadata.resourceVersion, 'it is written once');

  await cluster.admin.delete(`${policies}/validatingadmissionpolicybindings/no-finalizers`);
  await cluster.admin.delete(`${policies}/validatingadmissionpolicies/no-finalizers`);
  assert.equal((await untilFinished(cluster, 'refused', undefined, 120_000)).status?.phase, 'Succeeded');
});

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodetasks.nodetask.dev';
const crdFile = new URL('../../crds/nodetask.dev_nodetasks.yaml', import.meta.url);

test('a missing CRD is said once, with the remedy, and the operator goes on by itself once it is there', async () => {
  await pods.create('crd');
  const log = async (): Promise<readonly string[]> => (await readFile(cluster.operator.logFile, 'utf8')).split('\n');
  const count = async (text: string): Promise<number> => (await log()).filter((line) => line.includes(text)).length;
  const missing = 'the CRD nodetasks.nodetask.dev is not installed';
  await cluster.admin.delete(crdPath);
  await waitFor(async () => (await count(missing)) === 1, { what: 'the operator to say so', timeoutMs: 60_000 });

  await cluster.operator.stop();
  const starting = cluster.operator.start();
  const readiness = async (): Promise<string> =>
    fetch(`${cluster.operator.healthUrl}/readyz`).then(
      async (response) => `${response.status} ${await response.text()}`,
      () => '',
    );
  let said = '';
  await waitFor(async () => (said = await readiness()).includes(missing), {
    what: '/readyz to say so',
    timeoutMs: 25_000,
    detail: () => said,
  });
  assert.match(said, /^503 nodetasks: not synced.*kubectl apply -k crds.*crds\.install=true/);
  await cluster.admin.applyYaml(await readFile(crdFile, 'utf8'));
  await starting;
  const create = { type: 'mark-ready', target: { podName: 'crd' } };
  await cluster.applyNodeTask('crd', create);
  assert.equal((await untilFinished(cluster, 'crd', undefined, 60_000)).status?.phase, 'Succeeded');
  assert.equal(await count(missing), 2, 'once by each process');
  const noise = (await log()).filter((line) => line.includes('watch of nodetasks failed') && line.includes('404'));
  assert.deepEqual(noise, []);
});
