import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { maxTargets, type NodeTask } from '@nodetask/shared';
import { type Cluster, type KubeObject, startCluster, startS3 } from '@nodetask/testbed';
import { Judges } from './support/judges.ts';
import { applyOverdueSchedule, halfAnHourAway } from './support/overdue-schedule.ts';
import { PrunedRPC } from './support/pruned-rpc.ts';
import { SilentSource } from './support/silent-source.ts';
import { pathOf, reasonOf } from './support/test-cluster.ts';
import { withShiftedClock } from './support/with-shifted-clock.ts';
import { type RecordedNodeTask, VersionRecorder } from './support/version-recorder.ts';

type Spec = Readonly<Record<string, unknown>>;

/** docs/gitops.md on real NodeTasks: what Flux, Helm, Argo CD and kubectl wait say of every version of them. */
let cluster: Cluster;
let recorder: VersionRecorder;
let judges: Judges;

before(async () => {
  // Without an operator at first: what nobody has seen yet is judged, too.
  cluster = await startCluster({ operator: false });
  recorder = await VersionRecorder.start(cluster);
  judges = await Judges.of(cluster, recorder);
  const pods = ['sei-0', 'sei-1', 'sei-2'];
  await Promise.all(
    pods.map(async (name) => cluster.createAgentPod(name, { labels: { app: 'sei' }, allowHosts: ['127.0.0.1'] })),
  );
});

after(async () => {
  await recorder[Symbol.asyncDispose]();
  await cluster.stop();
});

/** States of docs/gitops.md that several tests come to. */
const unseen = 'not seen by the operator yet, or changed since';
const failed = 'failed: the task, its parameters, its time limit, no pod, what it depends on';
const stuck =
  'cannot go on until something is put right: invalid cron, no pod for a schedule, a cycle, too many targets';

const target = { podName: 'sei-0' };
const ready: Spec = { type: 'mark-ready', target };
/** Nobody has written the files that it looks at: fails at once. */
const failing: Spec = { type: 'config-validate', target };

/** Goes on for ever if the params lead to a server that says nothing. */
const exporting = (params: Readonly<Record<string, unknown>>): Spec => ({
  type: 'result-export',
  target,
  params,
  async: { daemon: {} },
});
const silent = ({ url }: SilentSource): Readonly<Record<string, unknown>> => ({
  bucket: 'results',
  region: 'eu-central-1',
  endpoint: url,
  rpcEndpoint: url,
});

const byCron = (cron: string): Spec => ({ ...ready, async: { schedule: { cron } } });

/** Goes on until the source hangs up, then fails. */
const endless = (source: SilentSource, podName = 'sei-0'): Spec => ({
  type: 'configure-genesis',
  target: { podName },
  params: { rpc: source.url },
});

/** Applies, and waits until the recorder has that. */
const apply = async (name: string, spec: Spec): Promise<void> => {
  const { metadata } = await cluster.applyNodeTask(name, spec);
  await recorder.until(name, 'to be seen', ({ metadata: { generation } }) => generation === metadata.generation);
};

const phaseIs =
  (phase: string) =>
  ({ status, metadata }: RecordedNodeTask): boolean =>
    status?.phase === phase && status.observedGeneration === metadata.generation;

const reasonIs =
  (reason: string) =>
  ({ status, metadata }: RecordedNodeTask): boolean =>
    status?.observedGeneration === metadata.generation &&
    status.conditions?.find(({ type }) => type === 'Ready')?.reason === reason;

const remove = async (name: string): Promise<void> => {
  await cluster.admin.delete(pathOf(cluster, name));
  await cluster.untilNodeTask(name, (object) => object === undefined, {
    what: `${name} to be gone`,
    timeoutMs: 60_000,
  });
};

const isUnseen = ({ status, metadata }: RecordedNodeTask): boolean =>
  status?.observedGeneration !== metadata.generation;

test('before the operator has seen it', async () => {
  try {
    await apply('early', ready);
    const early = await judges.check('early', unseen, isUnseen);
    const [unseenReady, ...others] = early.status?.conditions ?? [];
    assert.deepEqual(others, []);
    assert.deepEqual([unseenReady?.status, unseenReady?.reason], ['Unknown', 'Unseen']);
    assert.match(unseenReady?.message ?? '', /^no operator has looked at it yet\. Check that one runs/);
    assert.equal(unseenReady?.observedGeneration, undefined);
    assert.equal(early.status?.observedGeneration, -1);
  } finally {
    await cluster.startOperator();
  }
  await judges.check('early', 'succeeded', phaseIs('Succeeded'));
  await judges.checkLife('early');
});

describe('a one-shot', () => {
  test('that fails', async () => {
    await apply('failing', failing);
    await judges.check('failing', failed, phaseIs('Failed'));
    await judges.checkLife('failing');
  });

  test('whose parameters the agent refuses', async () => {
    const params = { uri: 'https://127.0.0.254/genesis.json' };
    await apply('refused', { type: 'configure-genesis', target, params });
    await judges.check('refused', failed, phaseIs('Failed'));
    await judges.checkLife('refused');
  });

  test('that takes too long', async () => {
    await using source = await SilentSource.start();
    await apply('slow', { ...endless(source), timeoutSeconds: 1 });
    await judges.check('slow', failed, reasonIs('TimedOut'));
    await judges.checkLife('slow');
  });

  test('that waits for its pod, and one that has waited in vain', async () => {
    await apply('patient', { ...ready, target: { podName: 'sei-none' } });
    await judges.check('patient', 'waits for its pod or its agent', phaseIs('Pending'));
    await judges.checkLife('patient');
    await apply('impatient', { ...ready, target: { podName: 'sei-none', waitSeconds: 1 } });
    await judges.check('impatient', failed, phaseIs('Failed'));
    await judges.checkLife('impatient');
  });

  test('that runs, and one that is queued behind it', async () => {
    await using source = await SilentSource.start();
    await apply('first', endless(source));
    await source.connected();
    await judges.check('first', 'runs', phaseIs('Running'));
    await apply('second', ready);
    await judges.check('second', 'queued behind another task', phaseIs('Queued'));
    source.hangUp();
    await judges.check('first', failed, phaseIs('Failed'));
    await judges.check('second', 'succeeded', phaseIs('Succeeded'));
    await judges.checkLife('first');
    await judges.checkLife('second');
  });

  test('that is cancelled, and then run again', async () => {
    await using source = await SilentSource.start();
    await apply('cancelled', endless(source));
    await source.connected();
    await judges.check('cancelled', 'runs', phaseIs('Running'));
    await apply('cancelled', { ...endless(source), cancel: true });
    await judges.check('cancelled', 'cancelled', phaseIs('Cancelled'));
    // The end of one run says nothing of the next, also while no operator is there.
    await cluster.operator.stop();
    await apply('cancelled', { ...ready, runID: '2' });
    await judges.check('cancelled', unseen, isUnseen);
    await cluster.operator.start();
    await judges.check('cancelled', 'succeeded', phaseIs('Succeeded'));
    await judges.checkLife('cancelled');
  });

  test('that fails, is tried again, and fails for good', async () => {
    await using source = await SilentSource.start();
    await apply('again', { ...endless(source), retry: { limit: 1, backoffSeconds: 300 } });
    await source.connected();
    source.hangUp();
    await judges.check('again', 'waits before another attempt (`retry`)', reasonIs('BackingOff'));
    await apply('again', { ...endless(source), retry: { limit: 1, backoffSeconds: 1 } });
    await source.connected();
    await judges.check(
      'again',
      'runs',
      ({ status }) => status?.phase === 'Running' && status.targets?.[0]?.attempt === 2,
    );
    source.hangUp();
    await judges.check('again', failed, phaseIs('Failed'));
    await judges.checkLife('again');
  });

  test('that is suspended, and let go', async () => {
    await apply('suspended', { ...ready, suspend: true });
    await judges.check('suspended', 'suspended (`suspend`)', phaseIs('Suspended'));
    await apply('suspended', { ...ready, suspend: false });
    await judges.check('suspended', 'succeeded', phaseIs('Succeeded'));
    await judges.checkLife('suspended');
  });

  test('that depends on others', async () => {
    await using source = await SilentSource.start();
    await apply('after', { ...ready, dependsOn: ['before'] });
    await judges.check('after', 'waits for others (`dependsOn`)', reasonIs('DependencyAbsent'));
    await apply('before', endless(source));
    await source.connected();
    await judges.check('after', 'waits for others (`dependsOn`)', reasonIs('AwaitsDependency'));
    source.hangUp();
    await judges.check('after', failed, reasonIs('DependencyFailed'));
    await judges.checkLife('after');
  });

  test('that depends on itself, in the end', async () => {
    await apply('hen', { ...ready, dependsOn: ['egg'] });
    await apply('egg', { ...ready, dependsOn: ['hen'] });
    await judges.check('hen', stuck, reasonIs('DependencyCycle'));
    await apply('egg', ready);
    await judges.check('hen', 'succeeded', phaseIs('Succeeded'));
    await judges.checkLife('hen');
  });

  test('that goes by itself once its time is over', async () => {
    await apply('expiring', ready);
    await judges.check('expiring', 'succeeded', phaseIs('Succeeded'));
    await recorder.until('expiring', 'to be let go', ({ metadata }) => metadata.finalizers === undefined);
    await apply('expiring', { ...ready, ttlSecondsAfterFinished: 0 });
    await cluster.untilNodeTask('expiring', (object) => object === undefined, {
      what: 'expiring to be gone',
      timeoutMs: 60_000,
    });
    await judges.checkLife('expiring');
  });

  test('whose selector matches more pods than one NodeTask may have', async () => {
    const labels = { 'nodetask.dev/agent': 'enabled', app: 'many' };
    const pod = (name: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: cluster.namespace, labels },
      // No scheduler places it: it is there, and no process is needed for it.
      spec: { containers: [{ name: 'node', image: 'testbed/node' }], schedulingGates: [{ name: 'testbed/gate' }] },
    });
    const names = Array.from({ length: maxTargets + 1 }, (_, index) => `many-${index}`);
    for (let begin = 0; begin < names.length; begin += 32)
      await Promise.all(names.slice(begin, begin + 32).map(async (name) => cluster.admin.create(pod(name))));
    await apply('many', { ...ready, target: { selector: { matchLabels: { app: 'many' } } } });
    await judges.check('many', stuck, reasonIs('TooManyTargets'));
    await cluster.admin.delete(`/api/v1/namespaces/${cluster.namespace}/pods/many-0`, { gracePeriodSeconds: 0 });
    await judges.check('many', 'waits for its pod or its agent', reasonIs('PodUnschedulable'));
    await judges.checkLife('many');
    await remove('many');
  });

  test('that is deleted while it runs', async () => {
    await using source = await SilentSource.start();
    await apply('doomed', endless(source, 'sei-1'));
    await source.connected();
    await judges.check('doomed', 'runs', phaseIs('Running'));
    // An agent that stands still keeps it there for a while.
    const agent = cluster.agent('sei-1');
    agent.process.pause();
    await cluster.admin.delete(pathOf(cluster, 'doomed'));
    await judges.check('doomed', 'is being deleted', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    agent.process.resume();
    await cluster.untilNodeTask('doomed', (object) => object === undefined, { what: 'doomed to be gone' });
    await judges.checkLife('doomed');
  });
});

describe('a rollout', () => {
  const all = { selector: { matchLabels: { app: 'sei' } } };

  test('that pauses after a failure, and completes once that is allowed', async () => {
    await using source = await SilentSource.start();
    const spec = { ...endless(source), target: all };
    await apply('rollout', { ...spec, strategy: { onFailure: 'Pause' } });
    await source.connected();
    source.hangUp();
    await judges.check('rollout', 'paused after too many failures (`onFailure: Pause`)', reasonIs('FailureThreshold'));
    await apply('rollout', { ...spec, strategy: { onFailure: 'Pause', failureThreshold: 3 } });
    await source.connected();
    await judges.check('rollout', 'runs', reasonIs('Running'));
    source.hangUp();
    await source.connected();
    source.hangUp();
    const state = 'some targets failed, no more than `failureThreshold`';
    await judges.check('rollout', state, reasonIs('WithFailures'));
    await judges.checkLife('rollout');
  });
});

describe('a schedule', () => {
  test('that waits, has a run, and goes on after that has failed', async () => {
    await using source = await SilentSource.start();
    const schedule = { ...endless(source), async: { schedule: { cron: '* * * * *' } } };
    await apply('minutely', schedule);
    await judges.check('minutely', 'schedule, waits for its time', phaseIs('Scheduled'));
    await source.connected();
    await judges.check('minutely', 'schedule, a run is active', reasonIs('RunActive'));
    source.hangUp();
    await judges.check('minutely', 'schedule, the last run failed', (nodeTask) =>
      Boolean(
        nodeTask.status?.conditions?.some(({ type, status }) => type === 'LastRunSucceeded' && status === 'False'),
      ),
    );
    await judges.checkLife('minutely');
    await remove('minutely');
  });

  test('that names no moment, until it is corrected', async () => {
    await apply('never', byCron('0 0 31 2 *'));
    await judges.check('never', stuck, (nodeTask) => reasonOf(nodeTask, 'Stalled') !== undefined);
    await cluster.operator.stop();
    await apply('never', byCron('0 0 30 4 *'));
    await judges.check('never', unseen, isUnseen);
    await cluster.operator.start();
    await judges.check('never', 'schedule, waits for its time', reasonIs('Scheduled'));
    await apply('never', { ...byCron('0 0 30 4 *'), suspend: true });
    await judges.check('never', 'schedule or daemon, suspended', phaseIs('Suspended'));
    await apply('never', byCron('0 0 30 4 *'));
    await judges.check('never', 'schedule, waits for its time', reasonIs('Scheduled'));
    await judges.checkLife('never');
    await remove('never');
  });
});

/** Why LastRunSucceeded is False. */
const notSucceeded = ({ status }: NodeTask): string | undefined =>
  status?.conditions?.find(({ type, status: value }) => type === 'LastRunSucceeded' && value === 'False')?.reason;

describe('a schedule that does not do what it is there for', () => {
  test('has its run skipped for want of snapshots, and no upload that is new enough', async () => {
    await using s3 = await startS3({ buckets: ['nightly'] });
    const { home } = await cluster.createAgentPod('sei-up', { env: s3.environment, allowHosts: [s3.host] });
    // It tells whose uploads are looked for.
    await writeFile(join(home, 'config', 'genesis.json'), JSON.stringify({ chain_id: 'test-1' }));
    const upload = (params: Readonly<Record<string, unknown>>) => ({
      type: 'snapshot-upload',
      target: { podName: 'sei-up' },
      params: { bucket: 'nightly', region: s3.region, endpoint: s3.endpoint, ...params },
      async: { schedule: { cron: halfAnHourAway() } },
    });
    const spec = upload({}) as NodeTask['spec'];
    await applyOverdueSchedule(cluster, { name: 'skips', pod: 'sei-up', spec });
    const skipped = await judges.check('skips', 'schedule, the last run was skipped', reasonIs('RunSkipped'));
    assert.equal(notSucceeded(skipped), 'RunSkipped');
    await remove('skips');

    const strict = upload({ maxAgeSeconds: 60 }) as NodeTask['spec'];
    await applyOverdueSchedule(cluster, { name: 'old', pod: 'sei-up', spec: strict });
    const state = 'schedule, the newest upload is older than `maxAgeSeconds`';
    const old = await judges.check('old', state, reasonIs('UploadTooOld'));
    assert.equal(notSucceeded(old), 'RunFailed');
    await remove('old');
  });

  test('has an agent that cannot report', async () => {
    await cluster.admin.create({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'without-rights', namespace: cluster.namespace },
    });
    await cluster.createAgentPod('sei-mute', { spec: { serviceAccountName: 'without-rights' } });
    await apply('mute', { ...byCron('0 3 * * *'), target: { podName: 'sei-mute' } });
    const mute = await judges.check('mute', 'schedule or daemon whose agent cannot report', reasonIs('CannotReport'));
    assert.match(mute.status?.conditions?.[0]?.message ?? '', /^the agent of pod sei-mute does not report/);
    await remove('mute');
  });
});

const hold = async (name: string, finalizers: readonly string[]): Promise<void> => {
  await cluster.admin.request({
    method: 'PATCH',
    path: pathOf(cluster, name),
    body: { metadata: { finalizers } },
    contentType: 'application/merge-patch+json',
  });
};

describe('what somebody else holds', () => {
  const state = "deleted, and a finalizer of somebody else's holds it";

  test('is stopped and not ready, and goes when it is let go', async () => {
    await apply('held', byCron('0 0 30 4 *'));
    await judges.check('held', 'schedule, waits for its time', reasonIs('Scheduled'));
    await hold('held', ['nodetask.dev/cancel', 'example.com/hold']);
    await cluster.admin.delete(pathOf(cluster, 'held'));
    const { status, metadata } = await judges.check('held', state, reasonIs('FinalizersRemain'));
    assert.equal(status?.phase, 'Deleting');
    assert.equal(status.nextRunAt, undefined);
    assert.match(status.conditions?.[0]?.message ?? '', /are taken off: example\.com\/hold$/);
    assert.ok(metadata.finalizers?.includes('example.com/hold'));
    const { taskID = '' } = status.targets?.[0] ?? {};
    assert.equal((await cluster.agent('sei-0').request('GET', `/v0/tasks/${taskID}`)).status, 404);
    await recorder.until('held', 'to be let go by the operator', (task) => task.metadata.finalizers?.length === 1);
    await hold('held', []);
    await cluster.untilNodeTask('held', (object) => object === undefined, { what: 'held to be gone' });
    await judges.checkLife('held');
  });

  test('is not ready although it has succeeded', async () => {
    await apply('kept', ready);
    await judges.check('kept', 'succeeded', phaseIs('Succeeded'));
    await recorder.until('kept', 'to be let go', (task) => task.metadata.finalizers === undefined);
    await hold('kept', ['example.com/hold']);
    await cluster.admin.delete(pathOf(cluster, 'kept'));
    const { status } = await recorder.until('kept', 'to say who holds it', reasonIs('FinalizersRemain'));
    assert.equal(status?.phase, 'Succeeded', 'the end stays');
    await hold('kept', []);
    await cluster.untilNodeTask('kept', (object) => object === undefined, { what: 'kept to be gone' });
  });
});

describe('a daemon', () => {
  test('that fails and tries again, for two minutes and for eleven', async () => {
    await using rpc = await startS3({ buckets: ['results'] });
    // Nobody listens there.
    const dead = {
      ...exporting({
        bucket: 'results',
        region: rpc.region,
        endpoint: rpc.endpoint,
        rpcEndpoint: 'http://127.0.0.1:1',
      }),
    };
    for (const [pod, minutes, state, reason] of [
      ['sei-2m', 2, 'daemon that fails and tries again, for less than ten minutes', 'DaemonRetrying'],
      ['sei-11m', 11, 'daemon without advance for ten minutes', 'DaemonStalled'],
    ] as const) {
      // To the operator it has failed since so long ago.
      const env = { ...rpc.environment, ...withShiftedClock(-minutes * 60_000) };
      await cluster.createAgentPod(pod, { env, allowHosts: ['127.0.0.1', rpc.host] });
      await apply(pod, { ...dead, target: { podName: pod } });
      const stalled = await judges.check(pod, state, reasonIs(reason));
      assert.match(
        stalled.status?.conditions?.[0]?.message ?? '',
        /^no advance on sei-\d+m since .* UTC \(rpc-unreachable\): /,
      );
      await remove(pod);
    }
  });

  test('that runs', async () => {
    await using source = await SilentSource.start();
    await apply('daemon', exporting(silent(source)));
    await judges.check('daemon', 'daemon runs', reasonIs('DaemonRunning'));
    await judges.checkLife('daemon');
    await remove('daemon');
  });

  test('that is suspended before it begins, let go, and suspended while it runs', async () => {
    await using source = await SilentSource.start();
    await apply('resting', { ...exporting(silent(source)), suspend: true });
    await judges.check('resting', 'schedule or daemon, suspended', phaseIs('Suspended'));
    await apply('resting', { ...exporting(silent(source)), suspend: false });
    await judges.check('resting', 'daemon runs', reasonIs('DaemonRunning'));
    await apply('resting', { ...exporting(silent(source)), suspend: true });
    await judges.check('resting', 'schedule or daemon, suspended', phaseIs('Suspended'));
    await judges.checkLife('resting');
    await remove('resting');
  });

  test('that has ended', async () => {
    await using rpc = await PrunedRPC.start();
    await apply('ended', { ...exporting(rpc.params), async: { daemon: { restartPolicy: 'Never' } } });
    await judges.check('ended', 'daemon has ended and is not started again', reasonIs('DaemonExited'));
    // Whether it was seen running before is a matter of moments: no checkLife().
  });

  test('without a pod', async () => {
    const spec = {
      ...exporting({ bucket: 'results', region: 'eu-central-1' }),
      target: { podName: 'sei-none', waitSeconds: 1 },
    };
    await apply('homeless', spec);
    await judges.check('homeless', stuck, (nodeTask) => reasonOf(nodeTask, 'Stalled') !== undefined);
    await judges.checkLife('homeless');
  });
});

test('each state of the table has been judged', () => {
  assert.deepEqual(judges.missing, []);
});
