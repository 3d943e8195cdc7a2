import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { agentFieldManager, nodeTaskStatusSchema, plural } from '@nodetask/shared';
import { StatusWriters, untilAdmissionPolicyHolds } from '@nodetask/testbed';
import { type ReportedObject, ReportingCluster } from './support/reporting-cluster.ts';

/** The reporter before the real kube-apiserver. */

let real: ReportingCluster;
before(async () => {
  real = await ReportingCluster.start();
});
after(async () => {
  await real[Symbol.asyncDispose]();
});

const rowOf = (object: ReportedObject | undefined, pod: string) =>
  object?.status?.targets?.find((target) => target.pod === pod);

const managersOf = (object: ReportedObject | undefined): string[] =>
  ((object?.metadata['managedFields'] ?? []) as { manager: string; subresource?: string }[])
    .filter(({ subresource }) => subresource === 'status')
    .map(({ manager }) => manager)
    .sort();

test('a result comes to the row of its pod, within milliseconds, and the object is valid', async (t) => {
  await using agent = await real.startReporter();
  const ref = await real.createNodeTask('simple');
  const started = performance.now();
  const id = await agent.markReady(ref);
  const object = await real.until(
    'simple',
    'to show the result',
    (nodeTask) => rowOf(nodeTask, agent.podName)?.result?.status === 'completed',
  );
  t.diagnostic(`from submit to status: ${(performance.now() - started).toFixed(1)} ms, the first connection included`);
  const row = rowOf(object, agent.podName);
  assert.equal(row?.result?.id, id);
  assert.equal(row.runs, undefined, 'a list of nothing is not written');
  nodeTaskStatusSchema.parse(object?.status);
  await agent.untilReported();
});

test('agents of several pods write beside each other, each under a name of its own', async () => {
  const ref = await real.createNodeTask('shared');
  await using one = await real.startReporter();
  await using two = await real.startReporter();
  await Promise.all([one.markReady(ref), two.markReady(ref)]);
  await Promise.all([one.untilReported(), two.untilReported()]);
  // And once more: an apply of one must not take the row of the other.
  await one.markReady(ref);
  await one.untilReported();
  const object = await real.until('shared', 'to show both', (nodeTask) => nodeTask?.status?.targets?.length === 2);
  const names = [one, two].map(({ podName }) => agentFieldManager(createHash('sha256').update(podName).digest('hex')));
  assert.deepEqual(managersOf(object), names.sort());
});

test('a schedule keeps its last runs', async () => {
  const ref = await real.createNodeTask('schedule');
  await using agent = await real.startReporter();
  const id = agent.engine.submitScheduled({ type: 'mark-ready', ref }, { cron: '* * * * *' });
  agent.engine.evalSchedules(new Date(Date.now() + 60_000));
  await agent.engine.stopped(id);
  const object = await real.until(
    'schedule',
    'to show a run',
    (nodeTask) => rowOf(nodeTask, agent.podName)?.runs?.[0]?.status === 'completed',
  );
  assert.equal(rowOf(object, agent.podName)?.result?.status, 'running');
  assert.equal(rowOf(object, agent.podName)?.result?.run, 1);
});

test('the API server goes away and comes back: nothing is lost', async () => {
  await using agent = await real.startReporter();
  const refs = await Promise.all(
    Array.from({ length: 12 }, (_, index) => real.createNodeTask(`outage-${String(index)}`)),
  );
  await real.cluster.controlPlane.apiServer.stop();
  for (const ref of refs) await agent.markReady(ref);
  await agent.log.until(/cannot be reached/);
  await real.cluster.controlPlane.apiServer.start();
  await agent.untilReported();
  for (const { name } of refs) {
    await real.until(
      name,
      'to show the result',
      (nodeTask) => rowOf(nodeTask, agent.podName)?.result?.status === 'completed',
    );
  }
  await agent.log.until(/answers again/);
});

test('a connection that goes silent is given up, and the report sent again', { timeout: 60_000 }, async () => {
  await using agent = await real.startReporter();
  await agent.markReady(await real.createNodeTask('before-stall'));
  await agent.untilReported();
  await real.proxy.setMode({ kind: 'stall' }, 'all');
  const ref = await real.createNodeTask('stalled');
  await agent.markReady(ref);
  await agent.log.until(/cannot be reached/, 30_000);
  await real.proxy.setMode({ kind: 'pass' }, 'all');
  real.proxy.resetConnections();
  await agent.untilReported();
  await real.until(
    'stalled',
    'to show the result',
    (nodeTask) => rowOf(nodeTask, agent.podName)?.result?.status === 'completed',
  );
});

test('a kept connection that the server closed costs no result', async () => {
  await using agent = await real.startReporter();
  await agent.markReady(await real.createNodeTask('before-reset'));
  await agent.untilReported();
  real.proxy.resetConnections();
  await agent.markReady(await real.createNodeTask('after-reset'));
  await agent.untilReported();
});

test('a token that has ended is read afresh at once', async () => {
  await using agent = await real.startReporter();
  await agent.markReady(await real.createNodeTask('token-1'));
  await agent.untilReported();
  // What the API server says when a bound token has ended; the kubelet wrote a new one meanwhile.
  await writeFile(agent.tokenFile, 'no-token-any-more');
  await using expired = await real.startReporter({ token: 'no-token-any-more' });
  await expired.markReady(await real.createNodeTask('token-2'));
  await expired.log.until(/does not take the token/);
  await writeFile(expired.tokenFile, await expired.freshToken());
  await expired.untilReported();
  assert.match(await expired.metrics.registry.metrics(), /reports_total\{result="unauthorized"\} [1-9]/);
});

test('an object of the same name that was created anew gets nothing', async () => {
  await using agent = await real.startReporter();
  const ref = await real.createNodeTask('again');
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${ref.namespace}/${plural}/again`;
  await real.cluster.admin.delete(path);
  const second = await real.createNodeTask('again');
  assert.notEqual(second.uid, ref.uid);
  await agent.markReady(ref);
  await agent.untilReported();
  await agent.log.until(/gone/);
  const object = await real.cluster.admin.get<ReportedObject>(path);
  // The operator takes the empty row off.
  assert.deepEqual(object?.status?.targets, [{ pod: agent.podName }]);
});

test('a NodeTask that is gone is forgotten', async () => {
  await using agent = await real.startReporter();
  const ref = await real.createNodeTask('deleted');
  await real.cluster.admin.delete(`/apis/nodetask.dev/v1alpha1/namespaces/${ref.namespace}/${plural}/deleted`);
  await agent.markReady(ref);
  await agent.untilReported();
  await agent.log.until(/gone/);
});

test('without the right to write, the log says which one is missing; others go on', async () => {
  await using agent = await real.startReporter();
  const { controlPlane, namespace } = real.cluster;
  const { token } = await controlPlane.serviceAccountToken({ namespace, serviceAccount: 'default' });
  await using powerless = await real.startReporter({ token });
  await powerless.markReady(await real.createNodeTask('forbidden'));
  await powerless.log.until(/verb patch on nodetasks\/status \(nodetask\.dev\) in the namespace nodetask-test/);
  assert.equal(powerless.engine.unreported(10).length, 1);
  await agent.markReady(await real.createNodeTask('allowed'));
  await agent.untilReported();
});

test('where another pod has taken its field manager, it reports under the one that is its own', async () => {
  const { cluster } = real;
  await untilAdmissionPolicyHolds(cluster.admin, cluster.namespace);
  using writers = new StatusWriters(cluster);
  const manager = agentFieldManager(createHash('sha256').update('squatted-0').digest('hex'));
  const squatter = await writers.pod('squatter', { manager });
  const ref = await real.createNodeTask('squatted');
  const { status, message } = await squatter.rows('squatted', [{ pod: 'squatter' }]);
  assert.equal(status, 200, message);
  await using agent = await real.startReporter({ podName: 'squatted-0' });
  const id = await agent.markReady(ref);
  await agent.untilReported();
  const object = await real.until(
    'squatted',
    'to show the result',
    (nodeTask) => rowOf(nodeTask, 'squatted-0') !== undefined,
  );
  assert.equal(rowOf(object, 'squatted-0')?.result?.id, id);
  assert.deepEqual(rowOf(object, 'squatter'), { pod: 'squatter' });
});

test('a token that is bound to no pod writes nothing, and the log says what is missing', async () => {
  const { controlPlane, namespace } = real.cluster;
  const { token } = await controlPlane.serviceAccountToken({ namespace, serviceAccount: 'nodetask-agent' });
  await using unbound = await real.startReporter({ token });
  await unbound.markReady(await real.createNodeTask('unbound'));
  const { answer } = await unbound.log.until(/the admission policy of status refuses a result, and says why/);
  assert.match(
    (answer as { message: string }).message,
    /by a token that is bound to that pod, as the kubelet projects it/,
  );
});

test('the largest output is cut to what the NodeTask allows', async () => {
  await using agent = await real.startReporter();
  const ref = { ...(await real.createNodeTask('large')), maxResultBytes: 2048 };
  const id = agent.engine.submit({
    type: 'config-patch',
    params: { files: { 'client.toml': { outputBytes: 12_000 } } },
    ref,
  });
  await agent.engine.stopped(id);
  await agent.untilReported();
  const object = await real.until(
    'large',
    'to show the result',
    (nodeTask) => rowOf(nodeTask, agent.podName)?.result?.status === 'completed',
  );
  assert.match(String(rowOf(object, agent.podName)?.result?.output?.['omitted']), /bytes; the whole is at/);
});

test('422: where a result is refused, the least of it comes through', async () => {
  const { admin } = real.cluster;
  const name = 'no-output';
  // A real 422: an administrator's policy that forbids outputs on one object.
  await admin.applyYaml(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: ${name}}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules: [{apiGroups: [nodetask.dev], apiVersions: ['*'], operations: [UPDATE], resources: [nodetasks/status]}]
  validations:
    - expression: "object.metadata.name != 'refused' || !has(object.status.targets) || object.status.targets.all(t, !has(t.result) || !has(t.result.output))"
      message: no outputs here
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ${name}}
spec: {policyName: ${name}, validationActions: [Deny]}
`);
  const ref = await real.createNodeTask('refused');
  await using agent = await real.startReporter();
  // A policy takes effect some time after it was accepted: tasks are run until one was refused.
  let id = '';
  for (let attempt = 0; attempt < 100 && !/sending the least/.test(agent.log.text); attempt++) {
    id = agent.engine.submit({ type: 'config-patch', params: { files: { 'client.toml': { outputBytes: 10 } } }, ref });
    await agent.engine.stopped(id);
    await agent.untilReported();
  }
  const { answer } = await agent.log.until(/sending the least/);
  assert.equal((answer as { status: number }).status, 422);
  const object = await real.until(
    'refused',
    'to show the least result',
    (nodeTask) => rowOf(nodeTask, agent.podName)?.result?.id === id,
  );
  const result = rowOf(object, agent.podName)?.result;
  assert.deepEqual([result?.status, result?.output], ['completed', undefined]);
});

test('progress is coalesced, the end is not', async () => {
  await using agent = await real.startReporter();
  const ref = await real.createNodeTask('progress');
  const id = agent.engine.submit({ type: 'config-validate', ref });
  const run = await agent.tests.next(0);
  for (let done = 0; done <= 100; done++) run.context.progress({ stage: 's', done, total: 100, unit: 'files' });
  run.finish();
  await agent.engine.stopped(id);
  await agent.untilReported();
  const accepted = (await agent.metrics.reports.get()).values.find(({ labels }) => labels.result === 'accepted');
  assert.ok((accepted?.value ?? 0) <= 3, `${String(accepted?.value)} applies`);
});
