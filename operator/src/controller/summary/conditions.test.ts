import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Condition, NodeTaskStatus, Progress } from '@nodetask/shared';
import { decide } from '../decide.ts';
import {
  accepted,
  agentPod,
  at,
  cron,
  daemon,
  fanOut,
  gathered,
  height,
  idOf,
  nodeTask,
  oneShot,
  podWithoutAddress,
  result,
  row,
  runningStatus,
  type Setup,
  start,
} from '../testing/fixtures.ts';
import { conditionsFor } from './conditions.ts';

/**
 * The truth table: what Flux, Helm 4 and Argo CD must judge of each state. Each row is a real input of decide.
 * `shown` lists the conditions; "!" before a name = status False.
 */
interface Row {
  readonly state: string;
  readonly setup: Setup;
  readonly shown: string;
  readonly reason?: string;
  readonly phase: string;
  readonly kstatus: 'Current' | 'InProgress' | 'Failed' | 'Terminating';
  readonly argo: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
}

const memory = { [idOf('sei-0')]: accepted() };
const scheduled = (changes: Parameters<typeof row>[1] = {}): Pick<Setup, 'status' | 'memory' | 'spec'> => ({
  spec: cron,
  status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ run: 1 }), ...changes })]),
  memory,
});
const run = (status: 'running' | 'completed' | 'failed' | 'missed'): Parameters<typeof row>[1] => ({
  runs: [{ run: 1, status, startedAt: at(0), error: 'boom' }],
});
const progress = (seconds: number): Progress => ({ stage: 'export', done: 1, unit: 'blocks', at: at(seconds) });
const stalledDaemon = (seconds: number): Setup => ({
  spec: daemon,
  memory,
  status: runningStatus([
    row('sei-0', {
      result: result({
        progress: { ...progress(0), stalledSince: at(0), lastError: { code: 'rpc-unreachable', message: 'boom' } },
      }),
    }),
  ]),
  seconds,
});
/** The agent said so at the start when it was asked. */
const foundBy = (changes: Parameters<typeof result>[0]): NonNullable<Setup['memory']> => {
  const found = result(changes);
  return { [idOf('sei-0')]: accepted({ found, foundAt: start, readAt: start }) };
};
const ended = (changes: Parameters<typeof result>[0], spec = oneShot): Setup => ({
  spec,
  status: runningStatus([row('sei-0', { result: result({ completedAt: at(1), ...changes }) })]),
  seconds: 1,
});
const refused = accepted({
  dispatch: { kind: 'refused', generation: 1, code: 'invalid-schedule', message: 'no such zone' },
});

const overdue: Setup = {
  status: runningStatus([], { phase: 'Pending' }),
  missingSince: new Map([['other', Date.parse(at(0))]]),
  seconds: 300,
};

const table: readonly Row[] = [
  {
    state: 'pending: target absent',
    setup: { pods: [] },
    shown: '!Ready Reconciling',
    reason: 'NoTarget',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'pending: every pod of the selector has ended',
    setup: { spec: fanOut, pods: [{ ...podWithoutAddress('sei-0'), ended: true }] },
    shown: '!Ready Reconciling',
    reason: 'NoTarget',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'succeeded on the one pod of 256 that has not been evicted, whatever share may fail',
    setup: {
      ...ended(
        { status: 'completed' },
        {
          ...fanOut,
          strategy: { maxParallel: '100%', order: 'Name', failureThreshold: '100%', onFailure: 'Continue' },
        },
      ),
      pods: [
        agentPod('sei-0'),
        ...Array.from({ length: 255 }, (_, index) => ({ ...podWithoutAddress(`old-${index}`), ended: true as const })),
      ],
    },
    shown: 'Ready Complete Finished',
    reason: 'Succeeded',
    phase: 'Succeeded',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'queued',
    setup: {
      memory: {
        [idOf('sei-0')]: {
          podUID: 'uid-of-sei-0',
          failures: 1,
          retryAt: Number.MAX_SAFE_INTEGER,
          dispatch: { kind: 'busy' },
        },
      },
    },
    shown: '!Ready Reconciling',
    reason: 'AgentBusy',
    phase: 'Queued',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'running one-shot',
    setup: { memory, seconds: 1 },
    shown: '!Ready Reconciling',
    reason: 'Running',
    phase: 'Running',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'succeeded',
    setup: ended({ status: 'completed' }),
    shown: 'Ready Complete Finished',
    reason: 'Succeeded',
    phase: 'Succeeded',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'failed',
    setup: ended({ status: 'failed' }),
    shown: '!Ready Stalled Failed Finished',
    reason: 'TaskFailed',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'deadline',
    setup: ended({ status: 'failed', errorCode: 'timed-out' }),
    shown: '!Ready Stalled Failed Finished',
    reason: 'TimedOut',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'rejected params',
    setup: { memory: { [idOf('sei-0')]: refused } },
    shown: '!Ready Stalled Failed Finished',
    reason: 'Rejected',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'cancelled',
    setup: { spec: { ...oneShot, cancel: true } },
    shown: '!Ready Stalled Finished',
    reason: 'Cancelled',
    phase: 'Cancelled',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'scheduled, waiting',
    setup: scheduled(run('completed')),
    shown: 'Ready LastRunSucceeded',
    reason: 'Scheduled',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'scheduled, not run yet',
    setup: scheduled(),
    shown: 'Ready',
    reason: 'Scheduled',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'scheduled, run active',
    setup: scheduled(run('running')),
    shown: 'Ready',
    reason: 'RunActive',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'scheduled, last run failed',
    setup: scheduled(run('failed')),
    shown: 'Ready !LastRunSucceeded',
    reason: 'LastRunFailed',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'scheduled, last run skipped',
    setup: scheduled({
      runs: [{ run: 1, status: 'completed', startedAt: at(0), outcome: 'skipped', reason: 'fewer-than-2-snapshots' }],
    }),
    shown: 'Ready !LastRunSucceeded',
    reason: 'RunSkipped',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'scheduled, and the newest upload is too old',
    setup: scheduled({
      result: result({ run: 1, errorCode: 'upload-too-old', error: 'boom', completedAt: at(1) }),
      ...run('failed'),
    }),
    shown: '!Ready Reconciling !LastRunSucceeded',
    reason: 'UploadTooOld',
    phase: 'Scheduled',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'scheduled, and the agent has reported nothing of what it says when asked',
    setup: {
      spec: cron,
      status: runningStatus([row('sei-0', { phase: 'Scheduled' })]),
      memory: foundBy({ run: 11, completedAt: at(1), error: 'boom', errorCode: 'invalid-config' }),
      seconds: 20,
    },
    shown: '!Ready Reconciling !LastRunSucceeded',
    reason: 'CannotReport',
    phase: 'Scheduled',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'scheduled, last run missed',
    setup: scheduled(run('missed')),
    shown: 'Ready !LastRunSucceeded',
    reason: 'RunMissed',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'schedule or time zone invalid',
    setup: { spec: cron, memory: { [idOf('sei-0')]: refused } },
    shown: '!Ready Stalled',
    reason: 'Rejected',
    phase: 'Stalled',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'height waits',
    setup: { ...scheduled(), spec: height },
    shown: 'Ready',
    reason: 'Scheduled',
    phase: 'Scheduled',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'height fired',
    setup: ended({ status: 'completed' }, height),
    shown: 'Ready Complete Finished',
    reason: 'Succeeded',
    phase: 'Succeeded',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'height failed',
    setup: ended({ status: 'failed' }, height),
    shown: '!Ready Stalled Failed Finished',
    reason: 'TaskFailed',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'daemon starting',
    setup: { spec: daemon, memory },
    shown: '!Ready Reconciling',
    reason: 'Dispatching',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'daemon running',
    setup: { spec: daemon, memory, status: runningStatus([row('sei-0', { result: result() })]) },
    shown: 'Ready',
    reason: 'DaemonRunning',
    phase: 'Running',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'daemon that fails and tries again for a minute',
    setup: stalledDaemon(60),
    shown: 'Ready',
    reason: 'DaemonRetrying',
    phase: 'Running',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'daemon without advance for ten minutes',
    setup: stalledDaemon(600),
    shown: '!Ready Reconciling',
    reason: 'DaemonStalled',
    phase: 'Running',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'daemon whose agent is further than it has reported',
    setup: {
      spec: daemon,
      status: runningStatus([row('sei-0', { result: result({ progress: progress(0) }) })]),
      memory: foundBy({ progress: progress(61) }),
      seconds: 20,
    },
    shown: '!Ready Reconciling',
    reason: 'CannotReport',
    phase: 'Running',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'daemon past its restart limit',
    setup: ended({ status: 'failed' }, daemon),
    shown: '!Ready Stalled Failed Finished',
    reason: 'DaemonExited',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'deleting, agent cancelling',
    setup: {
      status: runningStatus([row('sei-0')]),
      metadata: { deletionTimestamp: at(0), finalizers: ['nodetask.dev/cancel'] },
      memory: { [idOf('sei-0')]: accepted({ retryAt: Number.MAX_SAFE_INTEGER }) },
    },
    shown: '!Ready Reconciling',
    reason: 'Deleting',
    phase: 'Deleting',
    kstatus: 'Terminating',
    argo: 'Progressing',
  },
  {
    state: 'deleted, its schedule stopped, and held by a finalizer of somebody else',
    setup: {
      ...scheduled(),
      memory: { [idOf('sei-0')]: accepted({ stopped: true }) },
      metadata: { deletionTimestamp: at(0), finalizers: ['example.com/hold'] },
    },
    shown: '!Ready Reconciling',
    reason: 'FinalizersRemain',
    phase: 'Deleting',
    kstatus: 'Terminating',
    argo: 'Progressing',
  },
  {
    state: 'no pod matches a schedule, budget spent',
    setup: { spec: cron, pods: [], status: runningStatus([], { phase: 'Pending' }), seconds: 300 },
    shown: '!Ready Stalled',
    reason: 'NoTarget',
    phase: 'Stalled',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'paused by the strategy',
    setup: {
      spec: { ...fanOut, strategy: { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Pause' } },
      pods: [agentPod('sei-0'), agentPod('sei-1')],
      status: runningStatus([
        row('sei-0', { result: result({ status: 'failed' }) }),
        row('sei-1', { phase: 'Pending', startedAt: undefined }),
      ]),
    },
    shown: '!Ready Suspended',
    reason: 'FailureThreshold',
    phase: 'Suspended',
    kstatus: 'InProgress',
    argo: 'Suspended',
  },
  {
    state: 'success with a warning',
    setup: {
      status: runningStatus([row('sei-0', { result: result({ status: 'completed', warnings: ['unproven'] }) })]),
    },
    shown: 'Ready Complete Finished',
    reason: 'WithWarnings',
    phase: 'Succeeded',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'failures within the threshold',
    setup: {
      spec: { ...oneShot, strategy: { maxParallel: 1, order: 'Name', failureThreshold: 1, onFailure: 'Stop' } },
      status: runningStatus([row('sei-0', { result: result({ status: 'failed' }) })]),
    },
    shown: 'Ready Complete Finished',
    reason: 'WithFailures',
    phase: 'Succeeded',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'suspended one-shot',
    setup: { spec: { ...oneShot, suspend: true } },
    shown: '!Ready Suspended',
    reason: 'Suspended',
    phase: 'Suspended',
    kstatus: 'InProgress',
    argo: 'Suspended',
  },
  {
    state: 'suspended schedule',
    setup: {
      spec: { ...cron, suspend: true },
      status: runningStatus([
        row('sei-0', { result: result({ async: { schedule: { cron: '0 3 * * *', suspend: true } } }) }),
      ]),
      memory,
    },
    shown: 'Ready Suspended',
    reason: 'Suspended',
    phase: 'Suspended',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'suspended daemon',
    setup: { spec: { ...daemon, suspend: true } },
    shown: 'Ready Suspended',
    reason: 'Suspended',
    phase: 'Suspended',
    kstatus: 'Current',
    argo: 'Healthy',
  },
  {
    state: 'backing off before a retry',
    setup: {
      spec: { ...oneShot, retry: { limit: 1, backoffSeconds: 10, maxBackoffSeconds: 300 } },
      status: runningStatus([row('sei-0', { result: result({ status: 'failed', retriable: true }) })]),
    },
    shown: '!Ready Reconciling',
    reason: 'BackingOff',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'waiting for a dependency',
    setup: { spec: { ...oneShot, dependsOn: ['other'] }, dependencies: new Map([['other', nodeTask(oneShot)]]) },
    shown: '!Ready Reconciling',
    reason: 'AwaitsDependency',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'a dependency is not there',
    setup: { spec: { ...oneShot, dependsOn: ['other'] } },
    shown: '!Ready Reconciling',
    reason: 'DependencyAbsent',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'a dependency has not come within the wait budget',
    setup: { spec: { ...oneShot, dependsOn: ['other'] }, ...overdue },
    shown: '!Ready Stalled Failed Finished',
    reason: 'DependencyAbsent',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'a dependency of a schedule has not come within the wait budget',
    setup: { spec: { ...cron, dependsOn: ['other'] }, ...overdue },
    shown: '!Ready Stalled',
    reason: 'DependencyAbsent',
    phase: 'Pending',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'a dependency had failed before the run was asked for, and may be run again by the same commit',
    setup: {
      spec: { ...oneShot, dependsOn: ['other'] },
      dependencies: new Map([
        ['other', nodeTask(oneShot, { observedGeneration: 1, phase: 'Failed', completedAt: at(-60) })],
      ]),
    },
    shown: '!Ready Reconciling',
    reason: 'DependencyFailed',
    phase: 'Pending',
    kstatus: 'InProgress',
    argo: 'Progressing',
  },
  {
    state: 'a dependency failed',
    setup: {
      spec: { ...oneShot, dependsOn: ['other'] },
      dependencies: new Map([
        ['other', nodeTask(oneShot, { observedGeneration: 1, phase: 'Failed', completedAt: at(1) })],
      ]),
    },
    shown: '!Ready Stalled Failed Finished',
    reason: 'DependencyFailed',
    phase: 'Failed',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
  {
    state: 'depends on itself',
    setup: { spec: { ...oneShot, dependsOn: ['job'] } },
    shown: '!Ready Stalled',
    reason: 'DependencyCycle',
    phase: 'Stalled',
    kstatus: 'Failed',
    argo: 'Degraded',
  },
];

/** As in 2026-11-30T02:00:00.000Z, which is for programs. */
const timeOfMachines = /\dT\d\d:\d\d/;

describe('the conditions of each state', () => {
  for (const { state, setup, shown, reason, phase, kstatus: judged, argo } of table) {
    test(state, () => {
      const input = gathered(setup);
      const { status, events } = decide(input);
      assert.ok(status, 'decide writes a status');
      const { conditions = [] } = status;
      assert.equal(
        conditions.map(({ type, status: value }) => (value === 'True' ? type : `!${type}`)).join(' '),
        shown,
      );
      assert.equal(conditions[0]?.reason, reason);
      assert.equal(status.phase, phase);
      assert.equal(kstatus(input.nodeTask.metadata, status), judged);
      if (judged !== 'Terminating') assert.equal(argoHealth(input.nodeTask.metadata.generation, status), argo);
      for (const condition of conditions) assert.equal(condition.observedGeneration, 1);
      for (const { message } of [...conditions, ...(status.targets ?? [])])
        assert.doesNotMatch(message ?? '', timeOfMachines);
      for (const { note } of events) assert.doesNotMatch(note, timeOfMachines);
    });
  }

  test('nobody has looked yet: not ready', () => {
    const { metadata, status } = gathered().nodeTask;
    assert.equal(kstatus(metadata, status ?? {}), 'InProgress');
    assert.equal(argoHealth(metadata.generation, status ?? {}), 'Progressing');
  });
});

test('lastTransitionTime stays while the status of a condition does', () => {
  const situation = { standing: 'progressing', phase: 'Running', reason: 'Running', message: 'a' } as const;
  const first = conditionsFor(situation, [], 1, Date.parse(at(0)));
  const second = conditionsFor({ ...situation, message: 'b' }, first, 2, Date.parse(at(10)));
  assert.deepEqual(
    second.map(({ lastTransitionTime }) => lastTransitionTime),
    [at(0), at(0)],
  );
  assert.deepEqual(
    second.map(({ observedGeneration }) => observedGeneration),
    [2, 2],
  );
  const third = conditionsFor({ ...situation, standing: 'complete' }, second, 2, Date.parse(at(20)));
  assert.deepEqual(
    third.map(({ lastTransitionTime }) => lastTransitionTime),
    [at(20), at(20), at(20)],
  );
});

test('the whole text stands in Ready, its beginning where Flux and Helm print it, and nowhere else', () => {
  const message = `failed on sei-0: ${'x'.repeat(300)}`;
  const situation = { standing: 'failed', phase: 'Failed', reason: 'TaskFailed', message } as const;
  const told = new Map(conditionsFor(situation, [], 1, 0).map(({ type, message: text }) => [type, text]));
  assert.equal(told.get('Ready'), message);
  assert.equal(told.get('Stalled'), `${message.slice(0, 159)}… (see Ready)`);
  assert.equal(told.get('Failed'), 'see Ready');
  assert.equal(told.get('Finished'), 'see Ready');
});

type Judged = Pick<NodeTaskStatus, 'observedGeneration' | 'conditions'>;

/** kstatus for a kind that it does not know: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/status/generic.go */
const kstatus = (
  metadata: { readonly generation: number; readonly deletionTimestamp?: string },
  { observedGeneration, conditions = [] }: Judged,
): string => {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress';
  for (const { type, status } of conditions) {
    if (type === 'Reconciling' && status === 'True') return 'InProgress';
    if (type === 'Stalled' && status === 'True') return 'Failed';
  }
  const ready = find(conditions, 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
};

/** The health check for Argo CD, restated. */
const argoHealth = (generation: number, { observedGeneration, conditions = [] }: Judged): string => {
  if (observedGeneration !== generation) return 'Progressing';
  if (find(conditions, 'Stalled')?.status === 'True') return 'Degraded';
  if (find(conditions, 'Suspended')?.status === 'True' && find(conditions, 'Ready')?.status !== 'True')
    return 'Suspended';
  return find(conditions, 'Ready')?.status === 'True' ? 'Healthy' : 'Progressing';
};

const find = (conditions: readonly Condition[], wanted: string): Condition | undefined =>
  conditions.find(({ type }) => type === wanted);
