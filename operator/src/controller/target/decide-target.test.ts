import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accepted,
  agentPod,
  at,
  cron,
  daemon,
  height,
  idOf,
  oneShot,
  podWithoutAddress,
  result,
  row,
  runningStatus,
  type Setup,
  start,
  view,
} from '../testing/fixtures.ts';
import { decideTarget } from './decide-target.ts';
import type { TargetState } from './target-view.ts';

interface Case {
  readonly name: string;
  readonly setup: Setup;
  readonly state: TargetState;
  readonly reason: string;
  readonly message?: RegExp;
  /** Kinds of the calls, in order. */
  readonly calls?: readonly string[];
  /** Seconds after the start when it looks again. */
  readonly wake?: number;
}

const check = (cases: readonly Case[]): void => {
  for (const { name, setup, state, reason, message, calls = [], wake } of cases) {
    test(name, () => {
      const verdict = decideTarget(view(setup));
      assert.equal(verdict.state, state);
      assert.equal(verdict.reason, reason);
      if (message !== undefined) assert.match(verdict.message, message);
      assert.deepEqual(
        (verdict.calls ?? []).map(({ kind }) => kind),
        calls,
      );
      if (wake !== undefined) assert.equal(verdict.wakeAt, start + wake * 1000);
    });
  }
};

const running = (changes: Parameters<typeof row>[1] = {}): Setup => ({
  status: runningStatus([row('sei-0', changes)]),
});
const withMemory = (memory: ReturnType<typeof accepted>): Pick<Setup, 'memory'> => ({
  memory: { [idOf('sei-0')]: memory },
});
const silence = { silence: { since: start, message: 'connect ECONNREFUSED' }, failures: 1, retryAt: start + 5_000 };

const unschedulable = {
  reason: 'PodUnschedulable',
  message: 'pod sei-0 has no node yet (Unschedulable): 0/3 nodes are available',
} as const;

describe('keepFinished: an ended target stays as it is', () => {
  check([
    {
      name: 'succeeded, whatever the agent says later',
      setup: running({ phase: 'Succeeded', result: result({ status: 'failed' }) }),
      state: 'succeeded',
      reason: 'Succeeded',
    },
    {
      name: 'succeeded, and still not reported',
      setup: {
        ...running({ phase: 'Succeeded', message: 'changed; warning: not reported' }),
        ...withMemory(accepted({ found: { ...result({ status: 'completed' }) }, readAt: start })),
      },
      state: 'succeeded',
      reason: 'WithWarnings',
      message: /^changed; warning: not reported$/,
    },
    {
      name: 'failed',
      setup: running({ phase: 'Failed', message: 'no' }),
      state: 'failed',
      reason: 'TaskFailed',
      message: /^no$/,
    },
    { name: 'cancelled', setup: running({ phase: 'Cancelled' }), state: 'cancelled', reason: 'Cancelled' },
    {
      name: 'but not a row of another id',
      setup: running({ phase: 'Failed', taskID: idOf('sei-0', 'earlier') }),
      state: 'pending',
      reason: 'Dispatching',
      calls: ['dispatch'],
    },
  ]);
});

describe('endedResult: the result says that the task has ended', () => {
  check([
    {
      name: 'completed',
      setup: running({ result: result({ status: 'completed', outcome: 'unchanged' }) }),
      state: 'succeeded',
      reason: 'Succeeded',
      message: /^unchanged$/,
    },
    {
      name: 'failed, with code and error',
      setup: running({ result: result({ status: 'failed', errorCode: 'disk-full', error: 'no\nspace' }) }),
      state: 'failed',
      reason: 'TaskFailed',
      message: /^disk-full: no space$/,
    },
    {
      name: 'by a crash of its agent, with what the kubelet knows of that',
      setup: {
        ...running({
          result: result({ status: 'failed', errorCode: 'agent-crashed', error: 'the agent was killed twice' }),
        }),
        pods: [agentPod('sei-0', { lastEnd: 'OOMKilled (exit code 137)' })],
      },
      state: 'failed',
      reason: 'TaskFailed',
      message:
        /^agent-crashed: the agent was killed twice; its container last ended with OOMKilled \(exit code 137\)\. Raise its memory limit$/,
    },
    {
      name: 'timed out',
      setup: running({ result: result({ status: 'failed', errorCode: 'timed-out' }) }),
      state: 'failed',
      reason: 'TimedOut',
    },
    {
      name: 'cancelled',
      setup: running({ result: result({ status: 'failed', cancelled: true }) }),
      state: 'cancelled',
      reason: 'Cancelled',
    },
    {
      name: 'of another id: does not count',
      setup: {
        ...running({ result: result({ id: idOf('sei-0', 'earlier'), status: 'completed' }) }),
        ...withMemory(accepted()),
      },
      state: 'running',
      reason: 'Running',
    },
    {
      name: 'found by GET, before status has it',
      setup: {
        ...running(),
        ...withMemory(accepted({ found: { ...result({ status: 'completed' }) }, readAt: start })),
      },
      state: 'running',
      reason: 'Running',
      wake: 5,
    },
    {
      name: 'found by GET, and its report does not come',
      setup: {
        ...running(),
        ...withMemory(accepted({ found: { ...result({ status: 'completed' }) }, readAt: start })),
        seconds: 5,
      },
      state: 'succeeded',
      reason: 'WithWarnings',
      message:
        /^completed; warning: the agent of pod sei-0 has not reported it; its service account may lack the right \(agentServiceAccounts of the chart\)/,
    },
    {
      name: 'before the first status write: the agent was faster',
      setup: {
        status: { observedGeneration: -1, targets: [{ pod: 'sei-0', result: result({ status: 'completed' }) }] },
      },
      state: 'succeeded',
      reason: 'Succeeded',
    },
    {
      name: 'a cron schedule does not end by a failed run',
      setup: { spec: cron, ...running({ result: result({ status: 'failed' }) }), ...withMemory(accepted()) },
      state: 'scheduled',
      reason: 'Scheduled',
    },
    {
      name: 'a height ends',
      setup: { spec: height, ...running({ result: result({ status: 'completed' }) }) },
      state: 'succeeded',
      reason: 'Succeeded',
    },
    {
      name: 'a daemon that returned has exited',
      setup: { spec: daemon, ...running({ result: result({ status: 'completed' }) }) },
      state: 'failed',
      reason: 'DaemonExited',
    },
  ]);
});

describe('lostHeight: a fired height is never sent again', () => {
  const fired = {
    spec: height,
    status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ run: 1 }) })]),
  };
  check([
    {
      name: 'it is read, not sent, by a new operator',
      setup: fired,
      state: 'scheduled',
      reason: 'Dispatching',
      calls: ['read'],
    },
    {
      name: 'unknown to the agent: failed',
      setup: { ...fired, ...withMemory({ podUID: 'uid-of-sei-0', failures: 0, missing: true }) },
      state: 'failed',
      reason: 'JournalLost',
    },
    {
      name: 'a height that has not fired is sent again',
      setup: {
        spec: height,
        status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ run: 0 }) })]),
      },
      state: 'scheduled',
      reason: 'Dispatching',
      calls: ['dispatch'],
    },
  ]);
});

describe('refused: the agent will never run it', () => {
  const refusal = { kind: 'refused', generation: 1, code: 'invalid-params', message: 'no' } as const;
  check([
    {
      name: 'a one-shot fails',
      setup: withMemory(accepted({ dispatch: refusal })),
      state: 'failed',
      reason: 'Rejected',
      message: /^invalid-params: no$/,
    },
    {
      name: 'a schedule stalls',
      setup: { spec: cron, ...withMemory(accepted({ dispatch: refusal })) },
      state: 'stalled',
      reason: 'Rejected',
    },
    {
      name: 'another generation is sent again',
      setup: { spec: cron, metadata: { generation: 2 }, ...withMemory(accepted({ dispatch: refusal })) },
      state: 'pending',
      reason: 'Dispatching',
      calls: ['dispatch'],
    },
    {
      name: 'gone',
      setup: withMemory(accepted({ dispatch: { kind: 'gone' } })),
      state: 'failed',
      reason: 'TaskRemoved',
      message: /runID/,
    },
  ]);
});

describe('timeoutBackstop: the agent did not keep to the timeout', () => {
  const spec = { ...oneShot, timeoutSeconds: 10 };
  check([
    {
      name: 'not before the agent had its chance',
      setup: { spec, ...running(), ...withMemory(accepted({}, 20)), seconds: 39 },
      state: 'running',
      reason: 'Running',
    },
    {
      name: 'stops it',
      setup: { spec, ...running(), ...withMemory(accepted()), seconds: 41 },
      state: 'running',
      reason: 'Running',
      calls: ['remove'],
    },
    {
      name: 'stopped',
      setup: { spec, ...running(), ...withMemory(accepted({ stopped: true })), seconds: 41 },
      state: 'failed',
      reason: 'TimedOut',
    },
    {
      name: 'stopped, as the agent says: the time was over, nobody cancelled it',
      setup: { spec, ...running({ result: result({ status: 'failed', cancelled: true }) }), seconds: 41 },
      state: 'failed',
      reason: 'TimedOut',
    },
    {
      name: 'the pod is gone',
      setup: { spec, ...running(), pods: [], seconds: 41 },
      state: 'failed',
      reason: 'TimedOut',
    },
  ]);
});

describe('waitForPod', () => {
  check([
    {
      name: 'no such pod',
      setup: { pods: [] },
      state: 'pending',
      reason: 'NoTarget',
      message:
        /^there is no pod sei-0; namespace sei has no pod with an agent \(label \S+\); waiting until 2026-01-01 00:05 UTC/,
      wake: 10,
    },
    {
      name: 'no such pod, but others',
      setup: { pods: [], namesInstead: ['sei-1', 'sei-2', 'sei-3', 'osmosis-0'] },
      state: 'pending',
      reason: 'NoTarget',
      message: /^there is no pod sei-0; pods with an agent in namespace sei: sei-1, sei-2, sei-3 and 1 more; waiting/,
      wake: 10,
    },
    {
      name: 'a pod of a selector that is away',
      setup: {
        ...running(),
        spec: { ...oneShot, target: { selector: { matchLabels: { app: 'sei' } } } },
        pods: [],
        namesInstead: ['sei-1'],
      },
      state: 'running',
      reason: 'NoTarget',
      message: /^there is no pod sei-0; waiting/,
    },
    {
      name: 'without the label',
      setup: { pods: [], unlabelled: ['sei-0'] },
      state: 'pending',
      reason: 'NoAgent',
      message: /nodetask.dev\/agent=enabled/,
    },
    {
      name: 'without an address',
      setup: { pods: [podWithoutAddress('sei-0')] },
      state: 'pending',
      reason: 'NoAgent',
      message: /no address/,
      wake: 300,
    },
    {
      name: 'its status says why it has no address',
      setup: { pods: [{ ...podWithoutAddress('sei-0'), trouble: unschedulable }] },
      state: 'pending',
      reason: 'PodUnschedulable',
      message: /^pod sei-0 has no node yet .*; waiting until 2026-01-01 00:05 UTC/,
      wake: 300,
    },
    {
      name: 'and still does when the budget of a one-shot ends',
      setup: {
        pods: [{ ...podWithoutAddress('sei-0'), trouble: unschedulable }],
        status: runningStatus([], { phase: 'Pending' }),
        seconds: 300,
      },
      state: 'failed',
      reason: 'PodUnschedulable',
      message: /^pod sei-0 has no node yet .*; gave up after spec\.target\.waitSeconds \(300 s\)$/,
    },
    {
      name: 'the budget of a one-shot ends',
      setup: { pods: [], status: runningStatus([], { phase: 'Pending' }), seconds: 300 },
      state: 'failed',
      reason: 'NoTarget',
      message: /waitSeconds \(300 s\)/,
    },
    {
      name: 'a pod that lost the label is there, and its schedule goes on',
      setup: { ...running(), spec: cron, pods: [], formerPods: [agentPod('sei-0')], seconds: 1 },
      state: 'pending',
      reason: 'NoAgent',
      message: /^pod sei-0 lacks the label nodetask.dev\/agent=enabled/,
    },
    {
      name: 'the budget of a schedule ends: it stalls, and goes on looking',
      setup: { spec: cron, pods: [], status: runningStatus([], { phase: 'Pending' }), seconds: 300 },
      state: 'stalled',
      reason: 'NoTarget',
      wake: 310,
    },
    {
      name: 'a running one-shot whose pod is gone is waited for from then on',
      setup: { ...running(), pods: [], outOfReachSince: new Map([['sei-0', start + 1_000_000]]), seconds: 1_200 },
      state: 'running',
      reason: 'NoTarget',
    },
    {
      name: 'and given up',
      setup: { ...running(), pods: [], outOfReachSince: new Map([['sei-0', start + 1_000_000]]), seconds: 1_300 },
      state: 'failed',
      reason: 'NoTarget',
    },
  ]);
});

describe('waitForAgent', () => {
  const silent = withMemory({ podUID: 'uid-of-sei-0', ...silence });
  const silentFor = (why: 'unable' | 'untrusted'): Setup =>
    withMemory({ podUID: 'uid-of-sei-0', ...silence, silence: { ...silence.silence, why } });
  const crashed = { reason: 'CrashLooping', message: 'container agent was started again' } as const;
  const image = { reason: 'ImageUnavailable', message: 'container agent of pod sei-0 cannot get its image' } as const;
  check([
    {
      name: 'an agent that answers, and cannot work',
      setup: { ...silentFor('unable'), pods: [agentPod('sei-0', { trouble: image })] },
      state: 'pending',
      reason: 'AgentUnable',
      message: /^connect ECONNREFUSED; waiting until/,
    },
    { name: 'an agent that is not trusted', setup: silentFor('untrusted'), state: 'pending', reason: 'AgentUntrusted' },
    {
      name: 'the status of the pod tells more than the network',
      setup: { ...silent, pods: [agentPod('sei-0', { trouble: image })] },
      state: 'pending',
      reason: 'ImageUnavailable',
      message: /^container agent of pod sei-0 cannot get its image; waiting until/,
    },
    {
      name: 'of a task that it runs as well',
      setup: {
        ...running(),
        ...withMemory(accepted(silence)),
        pods: [agentPod('sei-0', { trouble: image })],
        seconds: 5,
      },
      state: 'running',
      reason: 'ImageUnavailable',
      calls: ['read'],
    },
    {
      name: 'a container that was started again a moment ago is to blame',
      setup: { ...silent, pods: [agentPod('sei-0', { trouble: { ...crashed, runsSince: start - 50_000 } })] },
      state: 'pending',
      reason: 'CrashLooping',
      wake: 5,
    },
    {
      name: 'but not one that has run for a minute',
      setup: { ...silent, pods: [agentPod('sei-0', { trouble: { ...crashed, runsSince: start - 60_000 } })] },
      state: 'pending',
      reason: 'AgentUnreachable',
    },
    {
      name: 'waits between tries',
      setup: silent,
      state: 'pending',
      reason: 'AgentUnreachable',
      message: /ECONNREFUSED/,
      wake: 5,
    },
    {
      name: 'tries again',
      setup: { ...silent, seconds: 5 },
      state: 'pending',
      reason: 'AgentUnreachable',
      calls: ['dispatch'],
    },
    {
      name: 'reads what was accepted before',
      setup: { ...running(), ...withMemory(accepted(silence)), seconds: 5 },
      state: 'running',
      reason: 'AgentUnreachable',
      calls: ['read'],
    },
    {
      name: 'the budget counts from the silence where the agent had answered',
      setup: {
        ...running(),
        ...withMemory(accepted({ ...silence, silence: { since: start + 100_000, message: 'x' } })),
        seconds: 399,
      },
      state: 'running',
      reason: 'AgentUnreachable',
      calls: ['read'],
      wake: 400,
    },
    {
      name: 'the whole budget is there where nobody found it silent while that lasted, as after a long wait in a queue',
      setup: {
        ...withMemory({ podUID: 'uid-of-sei-0', ...silence, silence: { since: start + 3_600_000, message: 'x' } }),
        status: runningStatus([{ ...row('sei-0', { phase: 'Queued' }), startedAt: undefined }], { phase: 'Queued' }),
        seconds: 3_899,
      },
      state: 'pending',
      reason: 'AgentUnreachable',
      calls: ['dispatch'],
      wake: 3_900,
    },
    {
      name: 'a fresh pod has the whole budget',
      setup: {
        ...silent,
        pods: [agentPod('sei-0', { createdAt: start + 290_000 })],
        status: runningStatus([], { phase: 'Pending' }),
        seconds: 301,
      },
      state: 'pending',
      reason: 'AgentUnreachable',
      calls: ['dispatch'],
      wake: 590,
    },
    {
      name: 'the budget ends',
      setup: { ...silent, status: runningStatus([], { phase: 'Pending' }), seconds: 300 },
      state: 'failed',
      reason: 'AgentUnreachable',
    },
  ]);
});

describe('blocked: the agent works on something else', () => {
  const by = {
    id: idOf('sei-0', 'other'),
    type: 'snapshot-restore',
    ref: { namespace: 'sei', name: 'restore', uid: 'u', maxResultBytes: 1024 },
  };
  const busy = withMemory({
    podUID: 'uid-of-sei-0',
    failures: 1,
    retryAt: start + 250,
    dispatch: { kind: 'busy', by },
  });
  check([
    { name: 'waits', setup: busy, state: 'blocked', reason: 'AgentBusy', message: /works on sei\/restore/, wake: 0.25 },
    { name: 'tries again', setup: { ...busy, seconds: 1 }, state: 'blocked', reason: 'AgentBusy', calls: ['dispatch'] },
    {
      name: 'for longer than the wait budget',
      setup: { ...busy, seconds: 86_400 },
      state: 'blocked',
      reason: 'AgentBusy',
      calls: ['dispatch'],
    },
  ]);
});

describe('dispatch', () => {
  check([
    { name: 'a new task', setup: {}, state: 'pending', reason: 'Dispatching', calls: ['dispatch'] },
    {
      name: 'after a restart of the operator',
      setup: running(),
      state: 'running',
      reason: 'Dispatching',
      calls: ['dispatch'],
    },
    {
      name: 'after the pod was replaced',
      setup: { ...running(), pods: [agentPod('sei-0', { uid: 'another' })], ...withMemory(accepted()) },
      state: 'running',
      reason: 'Dispatching',
      calls: ['dispatch'],
    },
    {
      name: 'after the agent lost its journal',
      setup: { ...running(), ...withMemory({ podUID: 'uid-of-sei-0', failures: 0, missing: true }) },
      state: 'running',
      reason: 'Dispatching',
      calls: ['dispatch'],
    },
    {
      name: 'not twice',
      setup: { ...running(), ...withMemory(accepted()) },
      state: 'running',
      reason: 'Running',
      wake: 30,
    },
  ]);

  test('the request names the computed id, the NodeTask and its timeout', () => {
    const [call] = decideTarget(view({ spec: { ...oneShot, timeoutSeconds: 60 } })).calls ?? [];
    assert.deepEqual(call?.kind === 'dispatch' && call.request, {
      id: idOf('sei-0'),
      type: 'mark-ready',
      timeoutSeconds: 60,
      ref: { namespace: 'sei', name: 'job', uid: view().ctx.nodeTask.metadata.uid, maxResultBytes: 16_384 },
    });
  });

  test('a schedule says what status remembers of it', () => {
    const runs = [{ run: 4, status: 'completed' as const, startedAt: at(100), completedAt: at(101) }];
    const status = runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ run: 4 }), runs })]);
    const [call] = decideTarget(view({ spec: cron, status })).calls ?? [];
    assert.deepEqual(call?.kind === 'dispatch' && call.request.resume, { lastRun: 4, lastRunAt: at(100) });
  });
});

/** A schedule as its agent reports it. */
const reported = (schedule: object): Setup => ({
  spec: cron,
  status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ async: { schedule } }) })]),
});

describe('reschedule: the schedule was changed in place', () => {
  const update = { cron: '0 3 * * *' };
  check([
    {
      name: 'the same, with the default zone said',
      setup: { ...reported({ cron: '0 3 * * *', timeZone: 'Etc/UTC' }), ...withMemory(accepted()) },
      state: 'scheduled',
      reason: 'Scheduled',
    },
    {
      name: 'another cron',
      setup: { ...reported({ cron: '0 4 * * *' }), ...withMemory(accepted()) },
      state: 'scheduled',
      reason: 'Scheduled',
      calls: ['reschedule'],
    },
    {
      name: 'said already',
      setup: { ...reported({ cron: '0 4 * * *' }), ...withMemory(accepted({ rescheduled: JSON.stringify(update) })) },
      state: 'scheduled',
      reason: 'Scheduled',
    },
  ]);

  test('the update names what differs; null takes the deadline away', () => {
    const schedule = { cron: '0 4 * * *', timeZone: 'Europe/Berlin', startingDeadlineSeconds: 60 };
    const [call] = decideTarget(view({ ...reported(schedule), ...withMemory(accepted()) })).calls ?? [];
    assert.deepEqual(call?.kind === 'reschedule' && call.update, {
      cron: '0 3 * * *',
      timeZone: 'Etc/UTC',
      startingDeadlineSeconds: null,
    });
  });
});

const sent = (timeoutSeconds?: number): Pick<Setup, 'memory'> =>
  withMemory(
    accepted({
      dispatch: { kind: 'accepted', at: start, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) },
    }),
  );

describe('renewLimit: timeoutSeconds was changed', () => {
  check([
    {
      name: 'the agent of a schedule is sent the request with the new one',
      setup: { ...reported({ cron: '0 3 * * *' }), spec: { ...cron, timeoutSeconds: 60 }, ...sent(30) },
      state: 'scheduled',
      reason: 'Scheduled',
      calls: ['dispatch'],
    },
    {
      name: 'it is taken away',
      setup: { ...reported({ cron: '0 3 * * *' }), ...sent(30) },
      state: 'scheduled',
      reason: 'Scheduled',
      calls: ['dispatch'],
    },
    {
      name: 'the agent has it',
      setup: { ...reported({ cron: '0 3 * * *' }), spec: { ...cron, timeoutSeconds: 60 }, ...sent(60) },
      state: 'scheduled',
      reason: 'Scheduled',
    },
  ]);
});

describe('readWhenSilent: a safety net', () => {
  const progress = { stage: 'download', done: 1, unit: 'bytes', at: at(25) };
  check([
    {
      name: 'asks as soon as a container of the pod was started again: the journal may be another one',
      setup: {
        ...running(),
        ...withMemory(accepted({ restarts: 1 })),
        pods: [agentPod('sei-0', { restarts: 2 })],
        seconds: 1,
      },
      state: 'running',
      reason: 'Running',
      calls: ['read'],
    },
    {
      name: 'but once only',
      setup: {
        ...running(),
        ...withMemory(accepted({ restarts: 2, readAt: start + 1_000 })),
        pods: [agentPod('sei-0', { restarts: 2 })],
        seconds: 1,
      },
      state: 'running',
      reason: 'Running',
      wake: 31,
    },
    {
      name: 'a one-shot without news for 30 s',
      setup: { ...running(), ...withMemory(accepted()), seconds: 30 },
      state: 'running',
      reason: 'Running',
      calls: ['read'],
    },
    {
      name: 'progress is news',
      setup: { ...running({ result: result({ progress }) }), ...withMemory(accepted()), seconds: 30 },
      state: 'running',
      reason: 'Running',
      message: /download 1 B/,
      wake: 55,
    },
    {
      name: 'a schedule whose run is overdue',
      setup: {
        spec: cron,
        status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ nextRunAt: at(60) }) })]),
        ...withMemory(accepted()),
        seconds: 90,
      },
      state: 'scheduled',
      reason: 'Scheduled',
      calls: ['read'],
    },
    {
      name: 'a schedule that waits for long',
      setup: {
        spec: cron,
        status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result() })]),
        ...withMemory(accepted()),
        seconds: 299,
      },
      state: 'scheduled',
      reason: 'Scheduled',
      wake: 300,
    },
  ]);
});

describe('goingOn', () => {
  const run = { run: 2, status: 'running' as const, startedAt: at(10) };
  check([
    {
      name: 'a run of a schedule',
      setup: {
        spec: cron,
        status: runningStatus([row('sei-0', { result: result(), runs: [run] })]),
        ...withMemory(accepted()),
      },
      state: 'scheduled',
      reason: 'RunActive',
    },
    {
      name: 'a daemon that is not reported yet',
      setup: { spec: daemon, ...withMemory(accepted()) },
      state: 'pending',
      reason: 'Dispatching',
    },
    {
      name: 'a daemon',
      setup: { spec: daemon, ...running({ result: result() }), ...withMemory(accepted()) },
      state: 'running',
      reason: 'DaemonRunning',
    },
  ]);
});
