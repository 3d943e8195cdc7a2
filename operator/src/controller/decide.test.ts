import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { maxTargets } from '@nodetask/shared';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
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
  oneShot,
  podWithoutAddress,
  result,
  row,
  runningStatus,
  type Setup,
  start,
} from './testing/fixtures.ts';

const finalizers = ['nodetask.dev/cancel'];
const ready = ({ status }: Decision): string | undefined => status?.conditions?.[0]?.reason;
const kinds = ({ calls }: Decision): readonly string[] => calls.map(({ kind, pod }) => `${kind} ${pod.metadata.name}`);
const eventReasons = ({ events }: Decision): readonly string[] => events.map(({ reason }) => reason);
const ask = (setup: Setup): Decision => decide(gathered(setup));
const three = ['sei-0', 'sei-1', 'sei-2'].map((name) => agentPod(name));
const oneByOne = { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop' } as const;
const { startedAt: __, ...unstarted } = row('', { phase: 'Pending' });
const toCome = (pod: string): typeof unstarted => ({ ...unstarted, pod, taskID: idOf(pod) });
const acceptedOn = (...pods: readonly string[]): NonNullable<Setup['memory']> =>
  Object.fromEntries(pods.map((pod) => [idOf(pod), accepted({ podUID: `uid-of-${pod}` })]));

describe('a one-shot on the happy path', () => {
  test('1: the finalizer, then the dispatch', () => {
    const decision = ask({});
    assert.equal(decision.finalizer, 'add');
    assert.deepEqual(kinds(decision), ['dispatch sei-0']);
  });
  test('2: accepted: nothing is written while the result may be there at once', () => {
    const decision = ask({ metadata: { finalizers }, memory: acceptedOn('sei-0'), seconds: 0.05 });
    assert.deepEqual(decision, { calls: [], dropRows: [], events: [], requeueAfterMs: 200 });
  });
  test('3: still running: Running', () => {
    const decision = ask({ metadata: { finalizers }, memory: acceptedOn('sei-0'), seconds: 0.25 });
    assert.equal(decision.status?.phase, 'Running');
    assert.deepEqual(eventReasons(decision), ['Dispatched']);
    assert.equal(decision.requeueAfterMs, 29_750);
  });
  test('the finalizer comes back where somebody replaced the object while it runs, and only there', () => {
    const running = { memory: acceptedOn('sei-0'), status: runningStatus([row('sei-0')]), seconds: 1 };
    assert.equal(ask(running).finalizer, 'add');
    assert.equal(ask({ ...running, metadata: { finalizers } }).finalizer, undefined);
    assert.equal(ask({ pods: [] }).finalizer, undefined, 'nothing has been dispatched');
  });
  test('4: the result: one write says it all, and the finalizer goes', () => {
    const targets = [
      { pod: 'sei-0', result: result({ status: 'completed', completedAt: at(0.02), outcome: 'changed' }) },
    ];
    const decision = ask({
      metadata: { finalizers },
      memory: acceptedOn('sei-0'),
      status: { observedGeneration: -1, targets },
      seconds: 0.05,
    });
    assert.equal(decision.finalizer, 'remove');
    assert.deepEqual(eventReasons(decision), ['Dispatched', 'Completed']);
    assert.deepEqual(decision.status?.targets, [
      {
        pod: 'sei-0',
        podUID: 'uid-of-sei-0',
        phase: 'Succeeded',
        attempt: 1,
        taskID: idOf('sei-0'),
        message: 'changed',
        startedAt: at(0),
        completedAt: at(0.02),
      },
    ]);
    assert.deepEqual(decision.status?.counts, { desired: 1, running: 0, succeeded: 1, failed: 0 });
    assert.equal(decision.status?.summary, '1/1');
    assert.equal(decision.status?.startedAt, at(0));
    assert.equal(decision.status?.completedAt, at(0.05));
  });
});

describe('a fan-out', () => {
  test('goes to one target after the other', () => {
    assert.deepEqual(kinds(ask({ spec: fanOut, pods: three })), ['dispatch sei-0']);
  });
  test('goes to all targets at once where the strategy says so', () => {
    const spec = { ...fanOut, strategy: { ...oneByOne, maxParallel: '100%' } };
    assert.deepEqual(kinds(ask({ spec, pods: three })), ['dispatch sei-0', 'dispatch sei-1', 'dispatch sei-2']);
  });
  test('stops at the first failure, and says what has not run', () => {
    const rows = [
      row('sei-0', { result: result({ status: 'failed', error: 'boom' }) }),
      toCome('sei-1'),
      toCome('sei-2'),
    ];
    const decision = ask({ spec: fanOut, pods: three, status: runningStatus(rows), seconds: 1 });
    assert.deepEqual(kinds(decision), []);
    assert.equal(ready(decision), 'TargetsFailed');
    assert.equal(
      decision.status?.conditions?.[0]?.message,
      '1 of 3 targets failed; 2 not started; failed on sei-0: boom',
    );
    assert.deepEqual(
      decision.status?.targets?.map(({ pod, phase, message }) => `${pod} ${phase}: ${message ?? 'see its result'}`),
      [
        'sei-0 Failed: see its result',
        'sei-1 Cancelled: not started: 1 target failed, more than spec.strategy.failureThreshold (0)',
        'sei-2 Cancelled: not started: 1 target failed, more than spec.strategy.failureThreshold (0)',
      ],
    );
  });
  test('pauses, says how it goes on, and tells so once', () => {
    const spec = { ...fanOut, strategy: { ...oneByOne, onFailure: 'Pause' as const } };
    const rows = [
      row('sei-0', { result: result({ status: 'failed', error: 'boom' }) }),
      toCome('sei-1'),
      toCome('sei-2'),
    ];
    const status = runningStatus(rows);
    const decision = ask({ spec, pods: three, status, seconds: 1 });
    assert.equal(decision.status?.phase, 'Suspended');
    assert.equal(
      decision.status?.conditions?.[0]?.message,
      'paused: 1 of 3 targets failed, more than spec.strategy.failureThreshold (0); to start the 2 to come, raise failureThreshold to 1 or more, or set onFailure to Continue; to end it, set onFailure to Stop; failed on sei-0: boom',
    );
    assert.deepEqual(eventReasons(decision), ['Failed']);
    const later = {
      ...status,
      ...decision.status,
      targets: rows.map((r, i) => ({ ...r, ...decision.status?.targets?.[i] })),
    };
    assert.deepEqual(ask({ spec, pods: three, status: later, seconds: 2 }), { calls: [], dropRows: [], events: [] });
    const resumed = { ...spec, strategy: { ...spec.strategy, onFailure: 'Continue' as const } };
    assert.deepEqual(kinds(ask({ spec: resumed, pods: three, status: later, seconds: 2 })), ['dispatch sei-1']);
    const ended = ask({ spec: fanOut, pods: three, status: later, seconds: 2 });
    assert.equal(ended.status?.phase, 'Failed');
  });
  test('completes with the failures that the threshold allows', () => {
    const spec = { ...fanOut, strategy: { ...oneByOne, failureThreshold: '34%' } };
    const rows = [
      row('sei-0', { result: result({ status: 'failed', error: 'boom' }) }),
      row('sei-1', { phase: 'Succeeded' }),
      row('sei-2', { phase: 'Succeeded' }),
    ];
    const decision = ask({ spec, pods: three, status: runningStatus(rows), seconds: 1 });
    assert.equal(ready(decision), 'WithFailures');
    assert.equal(decision.status?.phase, 'Succeeded');
    assert.deepEqual(decision.status?.counts, { desired: 3, running: 0, succeeded: 2, failed: 1 });
    assert.match(
      decision.status?.conditions?.[0]?.message ?? '',
      /^1 of 3 targets failed, which .* \(1\) allows; failed on sei-0: boom$/,
    );
  });
  test('completes with a Warning event if one of the targets succeeded with warnings', () => {
    const warnings = ['nothing proves that the archive is of pacific-1', 'the node runs'];
    const rows = [
      row('sei-0', { result: result({ status: 'completed', outcome: 'changed', warnings }) }),
      row('sei-1', { phase: 'Succeeded' }),
      row('sei-2', { phase: 'Succeeded' }),
    ];
    const decision = ask({ spec: fanOut, pods: three, status: runningStatus(rows), seconds: 1 });
    assert.equal(ready(decision), 'WithWarnings');
    assert.equal(decision.status?.phase, 'Succeeded');
    assert.equal(
      decision.status?.conditions?.[0]?.message,
      'succeeded on 3 targets, 1 of them with a warning: sei-0: changed; warning: nothing proves that the archive is of pacific-1; and 1 more warning',
    );
    assert.deepEqual(
      decision.events.map(({ type, reason }) => [type, reason]),
      [['Warning', 'Completed']],
    );
    const later = { ...decision.status, targets: rows.map((r, i) => ({ ...r, ...decision.status?.targets?.[i] })) };
    const again = ask({ spec: fanOut, pods: three, status: later, seconds: 2 });
    assert.deepEqual(again, { calls: [], dropRows: [], events: [] });
  });
  test('says on which of the targets nothing could be done, and why', () => {
    const message = 'nothing uploaded: 1 snapshot on disk, 2 are needed: set snapshot-keep-recent to 2 or more';
    const skipped = { status: 'completed', outcome: 'skipped', reason: 'fewer-than-2-snapshots', message } as const;
    const one = ask({ status: runningStatus([row('sei-0', { result: result(skipped) })]), seconds: 1 });
    assert.equal(ready(one), 'Succeeded');
    assert.equal(one.status?.conditions?.[0]?.message, `succeeded on sei-0 (skipped: ${message})`);

    const rows = [
      row('sei-0', { result: result(skipped) }),
      ...['sei-1', 'sei-2'].map((pod) => row(pod, { phase: 'Succeeded' })),
    ];
    const several = ask({ spec: fanOut, pods: three, status: runningStatus(rows), seconds: 1 });
    assert.equal(
      several.status?.conditions?.[0]?.message,
      `succeeded on 3 targets, 1 of them skipped: sei-0: ${message}`,
    );
  });
  test('counts what has ended and shows what runs', () => {
    const rows = [
      row('sei-0', { result: result({ status: 'completed' }) }),
      row('sei-1'),
      row('sei-2', { result: result({ status: 'failed', error: 'boom' }, 'sei-2') }),
    ];
    const { status } = ask({
      spec: fanOut,
      pods: three,
      status: runningStatus(rows),
      memory: acceptedOn('sei-1'),
      seconds: 1,
    });
    assert.deepEqual(status?.counts, { desired: 3, running: 1, succeeded: 1, failed: 1 });
    assert.equal(status?.summary, '1/3');
    assert.equal(status?.conditions?.[0]?.message, '2 of 3 targets done (1 not successful); runs on sei-1');
  });
  test('the error of a target stands in its result alone, and in its row where its agent has not reported it', () => {
    const failure = { status: 'failed', errorCode: 'disk-full', error: 'no space' } as const;
    const onStatus = runningStatus([row('sei-0', { result: result(failure) })]);
    const reported = ask({ status: onStatus, seconds: 1 });
    const expected = 'disk-full on sei-0 (spec.retry would have tried again): no space';
    assert.equal(reported.status?.conditions?.[0]?.message, expected);
    assert.equal(reported.status?.targets?.[0]?.message, undefined);
    const memory = { [idOf('sei-0')]: accepted({ found: { ...result(failure), params: {} }, readAt: 0 }) };
    const asked = ask({ status: runningStatus([row('sei-0')]), memory, seconds: 1 });
    assert.equal(asked.status?.targets?.[0]?.message, 'disk-full: no space');
  });
  test('with many targets the message of each is short, or the object would not fit', () => {
    const pods = Array.from({ length: 40 }, (_, index) => agentPod(`sei-${index}`));
    const rows = pods.map(({ metadata: { name } }) =>
      row(name, { result: result({ status: 'failed', error: 'e'.repeat(512) }, name) }),
    );
    const spec = { ...fanOut, retry: { limit: 1, backoffSeconds: 1, maxBackoffSeconds: 1 } };
    const { status } = ask({ spec, pods, status: runningStatus(rows), seconds: 1 });
    assert.deepEqual(new Set(status?.targets?.map(({ message }) => message?.length)), new Set([128]));
  });
  test('fails when one target did, and names it', () => {
    const rows = [
      row('sei-0', { phase: 'Succeeded' }),
      row('sei-1', { result: result({ status: 'failed', errorCode: 'disk-full', error: 'no space' }, 'sei-1') }),
    ];
    const decision = ask({ spec: fanOut, pods: three, status: runningStatus(rows), seconds: 1 });
    assert.equal(ready(decision), 'TargetsFailed');
    assert.match(
      decision.status?.conditions?.[0]?.message ?? '',
      /1 of 2 targets failed \(spec\.retry would have tried again\); disk-full on sei-1: no space/,
    );
    assert.deepEqual(eventReasons(decision), ['Failed']);
  });
  test('keeps the targets of its first dispatch', () => {
    const decision = ask({
      spec: fanOut,
      pods: three,
      status: runningStatus([row('sei-0'), row('sei-1')]),
      memory: acceptedOn('sei-0', 'sei-1'),
      metadata: { finalizers },
      seconds: 1,
    });
    assert.deepEqual(kinds(decision), []);
    assert.deepEqual(
      decision.status?.targets?.map(({ pod }) => pod),
      ['sei-0', 'sei-1'],
    );
  });
  test('says who stands in its way', () => {
    const by = {
      id: idOf('x'),
      type: 'mark-ready',
      ref: { namespace: 'sei', name: 'other', uid: 'u', maxResultBytes: 512 },
    };
    const busy = { podUID: 'uid-of-sei-0', failures: 1, retryAt: start + 500, dispatch: { kind: 'busy', by } as const };
    const decision = ask({ memory: { [idOf('sei-0')]: busy } });
    assert.equal(decision.status?.blockedBy, 'sei/other');
    assert.equal(decision.status?.queuePosition, 1);
    assert.equal(decision.status?.phase, 'Queued');
    assert.equal(decision.requeueAfterMs, 500);
  });
});

describe('runs that were missed and became one', () => {
  test('are an event although the run after them succeeded', () => {
    const runs = [{ run: 2, status: 'completed' as const, startedAt: at(10), completedAt: at(11) }];
    const status = runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ missedRuns: 4 }), runs })]);
    const decision = ask({ spec: cron, status, memory: acceptedOn('sei-0') });
    assert.deepEqual(
      decision.events.map(({ reason, note }) => `${reason}: ${note}`),
      [
        'ScheduleMissed: 4 runs did not start in time, and became one with the run after: find out what held the agent up.',
      ],
    );
  });
});

const daemonWith = (changes: Parameters<typeof result>[0]): Decision =>
  ask({
    spec: daemon,
    status: runningStatus([row('sei-0', { result: result(changes) })]),
    memory: acceptedOn('sei-0'),
  });

describe('a daemon that ends', () => {
  test('is started again: in progress, with the count of its restarts and the error', () => {
    const decision = daemonWith({ run: 2, error: 'no space' });
    assert.equal(ready(decision), 'DaemonRestarting');
    assert.equal(decision.status?.phase, 'Pending');
    assert.deepEqual(eventReasons(decision), ['Retrying']);
    assert.equal(decision.events[0]?.note, 'The daemon of pod sei-0 ended and is started again (restart 2): no space.');
  });
  test('and tells of its restarts while it runs', () => {
    const { status } = daemonWith({ run: 3 });
    assert.equal(status?.conditions?.[0]?.reason, 'DaemonRunning');
    assert.equal(status?.conditions?.[0]?.message, 'the daemon runs on sei-0: restarted 2 times so far');
    assert.equal(status?.targets?.[0]?.message, 'restarted 2 times so far');
  });
});

describe('a queue', () => {
  const ahead = new Map([['sei-0', { count: 2, behind: 'sei/other' }]]);

  test('nobody overtakes: the agent is not asked while others wait who came first', () => {
    const decision = ask({ ahead });
    assert.deepEqual(decision.calls, []);
    assert.equal(decision.finalizer, undefined);
    assert.equal(decision.status?.phase, 'Queued');
    assert.equal(decision.status?.queuePosition, 3);
    assert.equal(decision.status?.blockedBy, 'sei/other');
    assert.equal(decision.status?.targets?.[0]?.phase, 'Queued');
    assert.equal(ready(decision), 'AgentBusy');
    assert.equal(decision.requeueAfterMs, 10_000);
  });
  test('also not with a call that has come due', () => {
    const busy = { podUID: 'uid-of-sei-0', failures: 1, retryAt: start, dispatch: { kind: 'busy' } as const };
    assert.deepEqual(ask({ ahead, memory: { [idOf('sei-0')]: busy } }).calls, []);
    assert.deepEqual(kinds(ask({ memory: { [idOf('sei-0')]: busy } })), ['dispatch sei-0']);
  });
  test('what was dispatched before is asked for, whoever waits', () => {
    const decision = ask({ ahead, status: runningStatus([row('sei-0')]) });
    assert.deepEqual(kinds(decision), ['dispatch sei-0']);
  });
  test('a new place alone is written now and then, all else at once', () => {
    const { status: first } = ask({ ahead });
    const status = { observedGeneration: 1, ...first } as NonNullable<Setup['status']>;
    const moved = new Map([['sei-0', { count: 1, behind: 'sei/third' }]]);
    const early = ask({ ahead: moved, status, writtenAt: start, seconds: 4 });
    assert.equal(early.status, undefined);
    assert.equal(early.requeueAfterMs, 1_000);
    const late = ask({ ahead: moved, status, writtenAt: start, seconds: 5 });
    assert.equal(late.status?.queuePosition, 2);
    assert.equal(late.status?.blockedBy, 'sei/third');
    const far = new Map([['sei-0', { count: 9, behind: 'sei/other' }]]);
    const farther = { ...status, queuePosition: 20 };
    assert.equal(
      ask({ ahead: far, status: farther, writtenAt: start, seconds: 44 }).status,
      undefined,
      'the more, the rarer',
    );
    assert.equal(ask({ ahead: far, status: farther, writtenAt: start, seconds: 45 }).status?.queuePosition, 10);

    const running = ask({ status, memory: acceptedOn('sei-0'), writtenAt: start, seconds: 4 });
    assert.equal(running.status?.phase, 'Running');
    assert.equal(running.status?.queuePosition, undefined);
  });
});

describe('schedules follow the selector', () => {
  const spec = { ...cron, target: fanOut.target };
  const rows = three.map(({ metadata: { name } }) => row(name, { phase: 'Scheduled', result: result({}, name) }));
  const memory = acceptedOn('sei-0', 'sei-1', 'sei-2');

  test('a new pod gets the schedule', () => {
    const pods = [...three, agentPod('sei-3')];
    assert.deepEqual(kinds(ask({ spec, pods, status: runningStatus(rows), memory })), ['dispatch sei-3']);
  });
  test('a pod that left is stopped, then its row goes', () => {
    const pods = [...three.slice(0, 2), agentPod('sei-2', { labels: {} })];
    const first = ask({ spec, pods, status: runningStatus(rows), memory });
    assert.deepEqual(kinds(first), ['remove sei-2']);
    assert.deepEqual(first.dropRows, []);
    const stopped = { ...memory, [idOf('sei-2')]: accepted({ podUID: 'uid-of-sei-2', stopped: true }) };
    const second = ask({ spec, pods, status: runningStatus(rows), memory: stopped });
    assert.deepEqual(second.dropRows, ['sei-2']);
    assert.deepEqual(
      second.status?.targets?.map(({ pod }) => pod),
      ['sei-0', 'sei-1'],
    );
  });
  test('a pod that is gone is remembered until the wait budget ends', () => {
    const pods = three.slice(0, 2);
    const outOfReachSince = new Map([['sei-2', start]]);
    const early = ask({ spec, pods, status: runningStatus(rows), memory, outOfReachSince, seconds: 200 });
    assert.equal(early.status?.targets?.length, 3);
    assert.equal(ready(early), 'NoTarget');
    const late = ask({ spec, pods, status: runningStatus(rows), memory, outOfReachSince, seconds: 300 });
    assert.deepEqual(late.dropRows, ['sei-2']);
    assert.equal(ready(late), 'Scheduled');
  });
  test('a row that the agent of a pod that left writes once more is no target again', () => {
    const pods = three.slice(0, 2);
    const farewell = { pod: 'sei-2', result: result({ status: 'failed', cancelled: true }, 'sei-2') };
    const decision = ask({ spec, pods, status: runningStatus([...rows.slice(0, 2), farewell]), memory });
    assert.deepEqual(decision.dropRows, ['sei-2']);
    assert.equal(ready(decision), 'Scheduled');
  });
  test('times are those of the newest and of the next run', () => {
    const runs = [{ run: 2, status: 'completed' as const, startedAt: at(10) }];
    const status = runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ nextRunAt: at(1010) }), runs })]);
    const decision = ask({ spec: cron, status, memory, seconds: 20 });
    assert.equal(decision.status?.lastRunAt, at(10));
    assert.equal(decision.status?.nextRunAt, at(1010));
  });
  test('a missed run is counted, and an event, once', () => {
    const missed = [{ run: 2, status: 'missed' as const, startedAt: at(10) }];
    const status = runningStatus([
      row('sei-0', { phase: 'Scheduled', result: result({ missedRuns: 3, nextRunAt: at(60) }), runs: missed }),
    ]);
    const first = ask({ spec: cron, status, memory });
    assert.deepEqual(eventReasons(first), ['ScheduleMissed']);
    assert.match(
      first.events[0]?.note ?? '',
      /^Run 2 on sei-0, due 2026-01-01 00:00:10 UTC, did not start in time\. Raise/,
    );
    assert.equal(first.status?.missedRuns, 3);
    assert.equal(first.status?.summary, '1/1', 'a schedule is as it should be where it is going');
    assert.equal(
      first.status?.conditions?.[0]?.message,
      'last run, due 2026-01-01 00:00:10, did not start in time on sei-0; next 00:01 UTC; 3 runs missed so far',
    );
    assert.deepEqual(
      eventReasons(ask({ spec: cron, status: { ...status, ...first.status, targets: status.targets }, memory })),
      [],
    );
  });
});

describe('finished', () => {
  const done = runningStatus([row('sei-0', { phase: 'Succeeded' })], { phase: 'Succeeded', conditions: [] });
  test('stays as it is, whatever comes', () => {
    const status = {
      ...done,
      targets: [{ ...row('sei-0', { phase: 'Succeeded' }), result: result({ status: 'failed' }) }],
    };
    assert.deepEqual(ask({ status, pods: [] }), { calls: [], dropRows: [], events: [] });
  });
  test('stays Failed for want of a target, although one appears', () => {
    const { status } = ask({ spec: fanOut, pods: [], status: runningStatus([], { phase: 'Pending' }), seconds: 300 });
    assert.equal(status?.phase, 'Failed');
    const after = { observedGeneration: 1, ...status, targets: [] };
    assert.deepEqual(ask({ spec: fanOut, pods: three, status: after, seconds: 301 }), {
      calls: [],
      dropRows: [],
      events: [],
    });
  });
  test('a status that was meant for an earlier object of the same name does not count', () => {
    const foreign = row('sei-0', { phase: 'Succeeded', taskID: idOf('sei-0', 'of another object') });
    assert.deepEqual(kinds(ask({ status: { ...done, targets: [foreign] } })), ['dispatch sei-0']);
  });
  test('observes a new generation without moving', () => {
    const decision = ask({ status: done, metadata: { generation: 2 } });
    assert.equal(decision.status?.observedGeneration, 2);
    assert.equal(decision.status?.phase, 'Succeeded');
  });
  test('lets go of the finalizer that a crash left', () => {
    assert.equal(ask({ status: done, metadata: { finalizers } }).finalizer, 'remove');
  });
  test('a changed runID begins anew, under new ids, and old rows go', () => {
    const spec = { ...oneShot, runID: '2', target: { podName: 'sei-1' } };
    const pods = [agentPod('sei-1')];
    const first = ask({ spec, pods, status: done, metadata: { finalizers } });
    assert.deepEqual(
      first.calls.map(({ taskID }) => taskID),
      [idOf('sei-1', '2')],
    );
    const memory = { [idOf('sei-1', '2')]: accepted({ podUID: 'uid-of-sei-1' }) };
    const second = ask({ spec, pods, status: done, memory, metadata: { finalizers }, seconds: 1 });
    assert.equal(second.status?.runID, '2');
    assert.equal(second.status?.completedAt, undefined);
    assert.deepEqual(
      second.status?.targets?.map(({ pod }) => pod),
      ['sei-1'],
    );
    assert.deepEqual(second.dropRows, ['sei-0']);
  });
});

describe('a changed runID while the run before goes on', () => {
  const spec = { ...oneShot, runID: '2' };
  const status = runningStatus([row('sei-0')]);
  test('stops it first', () => {
    const decision = ask({ spec, status, metadata: { finalizers } });
    assert.deepEqual(kinds(decision), ['remove sei-0']);
    assert.equal(decision.calls[0]?.taskID, idOf('sei-0'));
    assert.equal(ready(decision), 'StoppingOldRun');
    assert.equal(decision.status?.runID, undefined);
  });
  test('then begins', () => {
    const memory = { [idOf('sei-0')]: accepted({ stopped: true }) };
    const decision = ask({ spec, status, memory, metadata: { finalizers } });
    assert.deepEqual(
      decision.calls.map(({ kind, taskID }) => `${kind} ${taskID}`),
      [`dispatch ${idOf('sei-0', '2')}`],
    );
  });
  test('a pod that is gone does not hold it up', () => {
    const moved = { ...spec, target: { podName: 'sei-1' } };
    assert.deepEqual(kinds(ask({ spec: moved, status, pods: [agentPod('sei-1')] })), ['dispatch sei-1']);
  });
});

describe('deleting', () => {
  const metadata = { finalizers, deletionTimestamp: at(0) };
  const status = runningStatus([row('sei-0')]);
  test('stops the work, also where status does not know of it yet', () => {
    for (const setup of [{ status }, {}]) {
      const decision = ask({ metadata, ...setup });
      assert.deepEqual(
        decision.calls.map(({ kind, taskID }) => `${kind} ${taskID}`),
        [`remove ${idOf('sei-0')}`],
      );
      assert.equal(decision.finalizer, undefined);
    }
  });
  test('lets go once it has stopped', () => {
    const decision = ask({ metadata, status, memory: { [idOf('sei-0')]: accepted({ stopped: true }) } });
    assert.equal(decision.finalizer, 'remove');
    assert.equal(decision.status, undefined);
    assert.deepEqual(eventReasons(decision), ['Cancelled']);
  });
  test('at once where the pod is gone, or has ended', () => {
    assert.equal(ask({ metadata, status, pods: [] }).finalizer, 'remove');
    const { address: _address, ...pod } = agentPod('sei-0');
    const ended = { ...pod, unavailable: 'the pod has ended (Failed)', ended: true } as const;
    assert.equal(ask({ metadata, status, pods: [ended] }).finalizer, 'remove');
    assert.equal(ask({ metadata, status, pods: [podWithoutAddress('sei-0')] }).finalizer, undefined);
  });
  test('after the grace time where the agent does not answer', () => {
    const silent = accepted({ silence: { since: start, message: 'x' }, failures: 3, retryAt: start + 31_000 });
    const memory = { [idOf('sei-0')]: silent };
    assert.equal(ask({ metadata, status, memory, seconds: 29 }).finalizer, undefined);
    const decision = ask({ metadata, status, memory, seconds: 30 });
    assert.equal(decision.finalizer, 'remove');
    assert.deepEqual(eventReasons(decision), ['AgentUnreachable']);
  });
  test('asks once even when the clock says that the grace time is over', () => {
    assert.deepEqual(kinds(ask({ metadata, status, seconds: 3600 })), ['remove sei-0']);
  });
  test('stops the work on a pod that only lost its label', () => {
    const decision = ask({ metadata, status, pods: [], formerPods: [agentPod('sei-0')] });
    assert.deepEqual(kinds(decision), ['remove sei-0']);
    assert.equal(decision.finalizer, undefined);
  });
  describe('by force', () => {
    const forced = { ...metadata, annotations: { 'nodetask.dev/force-delete': 'yes' } };
    const gone = { calls: [], dropRows: [], events: [], finalizer: 'remove' };
    test('an agent that can be reached is told to stop before the NodeTask goes', () => {
      const first = ask({ metadata: forced, status });
      assert.deepEqual(kinds(first), ['remove sei-0']);
      assert.equal(first.finalizer, undefined);
      const memory = { [idOf('sei-0')]: accepted({ stopped: true }) };
      assert.deepEqual(ask({ metadata: forced, status, memory }), gone);
    });
    test('an agent that does not answer, or not yet, is not waited for and not asked again', () => {
      const silent = accepted({ silence: { since: start, message: 'x' }, failures: 1, retryAt: start });
      assert.deepEqual(ask({ metadata: forced, status, memory: { [idOf('sei-0')]: silent }, seconds: 1 }), gone);
      assert.deepEqual(ask({ metadata: forced, status, underWay: new Set([idOf('sei-0')]) }), gone);
    });
    test('a pod that is gone has nobody to be told', () => {
      assert.deepEqual(ask({ metadata: forced, status, pods: [] }), gone);
    });
  });
  test('without any finalizer there is nothing to do', () => {
    assert.deepEqual(ask({ metadata: { deletionTimestamp: at(0) }, status }), { calls: [], dropRows: [], events: [] });
  });
});

describe('deleting what finalizers of somebody else hold', () => {
  const others = ['argocd.argoproj.io/hook-finalizer', 'foregroundDeletion'];
  const metadata = { deletionTimestamp: at(0), generation: 2, finalizers: [...finalizers, ...others] };
  const held = { ...metadata, finalizers: others };
  const stopped = { [idOf('sei-0')]: accepted({ stopped: true }) };
  const going: Readonly<Record<string, Setup>> = {
    'one-shot': { status: runningStatus([row('sei-0')]) },
    schedule: {
      spec: cron,
      status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ nextRunAt: at(60) }) })], {
        phase: 'Scheduled',
        nextRunAt: at(60),
      }),
    },
    daemon: { spec: daemon, status: runningStatus([row('sei-0', { result: result() })]) },
  };
  for (const [mode, setup] of Object.entries(going)) {
    test(`stops a ${mode}, and says who holds it when nothing of it runs any more`, () => {
      assert.deepEqual(kinds(ask({ ...setup, metadata })), ['remove sei-0']);
      const end = ask({ ...setup, metadata, memory: stopped, seconds: 1 });
      assert.equal(end.finalizer, 'remove');
      assert.equal(end.status?.phase, 'Deleting');
      assert.equal(ready(end), 'FinalizersRemain');
      assert.equal(
        end.status?.conditions?.[0]?.message,
        "being deleted, and nothing of it runs any more; it goes once these finalizers, which are not the operator's, are taken off: argocd.argoproj.io/hook-finalizer, foregroundDeletion",
      );
      assert.equal(end.status?.nextRunAt, undefined);
      assert.equal(end.status?.counts?.running, 0);
      assert.equal(end.status?.targets?.[0]?.phase, 'Cancelled');
      assert.deepEqual(eventReasons(end), ['Cancelled']);
      const after = { ...end.status, targets: end.status?.targets ?? [] } as NonNullable<Setup['status']>;
      const again = ask({ ...setup, status: after, metadata: held, memory: stopped, seconds: 2 });
      assert.deepEqual(again, { calls: [], dropRows: [], events: [] }, 'once is enough');
    });

    test(`stops a ${mode} whose own finalizer somebody has taken off`, () => {
      assert.deepEqual(kinds(ask({ ...setup, metadata: held })), ['remove sei-0']);
      const end = ask({ ...setup, metadata: held, memory: stopped, seconds: 1 });
      assert.equal(end.finalizer, undefined);
      assert.equal(ready(end), 'FinalizersRemain');
    });
  }

  test('says that an agent did not confirm it, after the grace time', () => {
    const silent = accepted({ silence: { since: start, message: 'x' }, failures: 3, retryAt: start + 31_000 });
    const setup = { status: runningStatus([row('sei-0')]), memory: { [idOf('sei-0')]: silent }, metadata: held };
    const waiting = ask({ ...setup, seconds: 29 });
    assert.equal(ready(waiting), 'Deleting');
    assert.equal(waiting.status?.phase, 'Deleting');
    const end = ask({ ...setup, seconds: 30 });
    assert.equal(ready(end), 'FinalizersRemain');
    assert.match(end.status?.targets?.[0]?.message ?? '', /did not confirm that the work has stopped/);
    assert.deepEqual(eventReasons(end), ['AgentUnreachable']);
  });

  test('names the finalizers that are left', () => {
    const { status } = ask({ ...going['one-shot'], metadata: held, memory: stopped });
    const after = { observedGeneration: 2, ...status, targets: status?.targets ?? [] };
    const less = ask({ status: after, metadata: { ...held, finalizers: ['foregroundDeletion'] }, memory: stopped });
    assert.match(less.status?.conditions?.[0]?.message ?? '', /are taken off: foregroundDeletion$/);
  });

  test('keeps the end of what had ended, which is ready no more', () => {
    const done = ask({
      status: runningStatus([row('sei-0', { result: result({ status: 'completed' }) })]),
      seconds: 1,
    }).status;
    const status = { observedGeneration: 1, ...done, targets: done?.targets ?? [] };
    const { status: after } = ask({ status, metadata: held, seconds: 5 });
    assert.equal(after?.phase, 'Succeeded');
    assert.deepEqual(
      after?.conditions?.map(({ type, status: value, reason }) => `${type} ${value} ${reason}`),
      ['Ready False FinalizersRemain', 'Complete True Succeeded', 'Finished True Succeeded'],
    );
    assert.equal(after?.conditions?.[0]?.lastTransitionTime, at(5));
    assert.deepEqual(ask({ status: { ...status, ...after }, metadata: held, seconds: 9 }).status, undefined);
  });
});

describe('a finalizer that somebody has taken off comes back', () => {
  const running = runningStatus([row('sei-0', { phase: 'Running' })]);
  const scheduled = runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ nextRunAt: at(60) }) })]);
  const going: Readonly<Record<string, Setup>> = {
    'while a one-shot runs': { status: running },
    'while a schedule waits for its time': { spec: cron, status: scheduled },
    'while a schedule waits for a block height': {
      spec: height,
      status: runningStatus([row('sei-0', { phase: 'Scheduled', result: result() })]),
    },
    'while a daemon runs': { spec: daemon, status: running },
    'while a schedule is suspended': { spec: { ...cron, suspend: true }, status: scheduled },
    'while a cancelled task is being stopped': { spec: { ...oneShot, cancel: true }, status: running },
    'while the run before is being stopped': { spec: { ...oneShot, runID: 'next' }, status: running },
    'while the spec cannot be read': { spec: { ...oneShot, target: {} }, status: running },
    'while too many pods match': {
      spec: { ...cron, target: fanOut.target },
      pods: Array.from({ length: maxTargets + 1 }, (_, index) => agentPod(`sei-${index}`)),
      status: scheduled,
    },
    'while the work on a pod that is no target any more is being stopped': {
      spec: { ...cron, target: { podName: 'sei-1' } },
      pods: [agentPod('sei-0'), agentPod('sei-1')],
      status: scheduled,
    },
    'while the agent does not answer': {
      status: running,
      memory: { [idOf('sei-0')]: accepted({ silence: { since: start, message: 'x' }, failures: 1, retryAt: start }) },
    },
  };
  for (const [when, setup] of Object.entries(going)) {
    test(when, () => {
      assert.equal(ask({ ...setup, seconds: 1 }).finalizer, 'add');
      assert.equal(ask({ ...setup, seconds: 1, metadata: { finalizers } }).finalizer, undefined);
    });
  }

  const over: Readonly<Record<string, Setup>> = {
    'nothing has been dispatched': { pods: [], status: runningStatus([toCome('sei-0')], { phase: 'Pending' }) },
    'the work has ended': { status: runningStatus([row('sei-0', { result: result({ status: 'completed' }) })]) },
    'the run is over, and what an agent did not confirm was given up': {
      spec: { ...oneShot, cancel: true },
      status: runningStatus([row('sei-0', { phase: 'Cancelled', result: result() })], { phase: 'Cancelled' }),
    },
    'it is being deleted': { status: running, metadata: { deletionTimestamp: at(0), finalizers: ['other'] } },
  };
  for (const [when, setup] of Object.entries(over)) {
    test(`but not when ${when}`, () => {
      assert.equal(ask({ ...setup, seconds: 1 }).finalizer, undefined);
    });
  }
});

describe('cancelling', () => {
  const spec = { ...oneShot, cancel: true };
  test('stops the work, then is Cancelled', () => {
    const status = runningStatus([row('sei-0')]);
    const first = ask({ spec, status, metadata: { finalizers } });
    assert.deepEqual(kinds(first), ['remove sei-0']);
    assert.equal(ready(first), 'Cancelling');
    const second = ask({
      spec,
      status,
      metadata: { finalizers },
      memory: { [idOf('sei-0')]: accepted({ stopped: true }) },
    });
    assert.equal(second.status?.phase, 'Cancelled');
    assert.equal(second.status?.targets?.[0]?.phase, 'Cancelled');
    assert.equal(second.finalizer, 'remove');
    assert.deepEqual(eventReasons(second), ['Cancelled']);
  });
  test('says the same whether the agent has reported the cancel already or not', () => {
    const reported = result({ status: 'failed', cancelled: true, errorCode: 'cancelled', error: 'was removed' });
    const decision = ask({
      spec,
      status: runningStatus([row('sei-0', { result: reported })]),
      metadata: { finalizers },
    });
    assert.equal(decision.status?.phase, 'Cancelled');
    assert.equal(decision.status?.targets?.[0]?.message, 'cancelled by spec.cancel');
  });
  test('does not wait for ever for an agent that is silent, and says what is not known', () => {
    const silent = accepted({ silence: { since: start, message: 'x' }, failures: 3, retryAt: start + 400_000 });
    const setup: Setup = {
      spec,
      status: runningStatus([row('sei-0')]),
      metadata: { finalizers },
      memory: { [idOf('sei-0')]: silent },
    };
    const waiting = ask({ ...setup, seconds: 299 });
    assert.equal(ready(waiting), 'Cancelling');
    assert.equal(waiting.requeueAfterMs, 1_000);
    const decision = ask({ ...setup, seconds: 300 });
    assert.equal(decision.status?.phase, 'Cancelled');
    assert.match(decision.status?.targets?.[0]?.message ?? '', /the agent did not confirm that the work has stopped/);
  });
  test('also a schedule and a daemon, which then stay as they are until another runID', () => {
    for (const recurring of [cron, { ...oneShot, type: 'result-export', async: { daemon: {} } }] as const) {
      const status = runningStatus([row('sei-0', { phase: 'Scheduled', result: result({ nextRunAt: at(60) }) })]);
      const cancelled = { ...recurring, cancel: true } as NonNullable<Setup['spec']>;
      assert.deepEqual(kinds(ask({ spec: cancelled, status, metadata: { finalizers } })), ['remove sei-0']);
      const memory = { [idOf('sei-0')]: accepted({ stopped: true }) };
      const end = ask({ spec: cancelled, status, memory, metadata: { finalizers } });
      assert.equal(end.status?.phase, 'Cancelled');
      assert.equal(end.status.nextRunAt, undefined);
      const after = { ...end.status, targets: [...(end.status?.targets ?? [])] };
      const again = ask({
        spec: recurring,
        status: after,
      });
      assert.deepEqual(again, { calls: [], dropRows: [], events: [] });
    }
  });
  test('what had ended before keeps its end', () => {
    const status = runningStatus([row('sei-0', { result: result({ status: 'completed' }) })]);
    assert.equal(ask({ spec, status }).status?.phase, 'Succeeded');
  });
  test('before the dispatch: nothing is called', () => {
    const decision = ask({ spec });
    assert.deepEqual(decision.calls, []);
    assert.equal(decision.status?.phase, 'Cancelled');
  });
});

describe('what cannot go on', () => {
  test('a spec that is corrected lets it go on, with what it knew', () => {
    const status = runningStatus([row('sei-0')]);
    const held = ask({ spec: { ...oneShot, target: {} }, status });
    assert.equal(held.status?.startedAt, at(0));
    assert.equal(held.status?.targets?.length, 1);
    const { status: after } = ask({ status: { ...status, ...held.status }, memory: acceptedOn('sei-0'), seconds: 1 });
    assert.equal(after?.phase, 'Running');
    assert.equal(after?.conditions?.[0]?.reason, 'Running');
  });
  test('a spec that does not parse', () => {
    const decision = ask({ spec: { ...oneShot, target: {} } });
    assert.equal(ready(decision), 'InvalidSpec');
    assert.match(decision.status?.conditions?.[0]?.message ?? '', /spec\.target/);
  });
  test('too many targets, until there are fewer', () => {
    const pods = Array.from({ length: maxTargets + 1 }, (_, i) => agentPod(`sei-${i}`));
    const decision = ask({ spec: fanOut, pods });
    assert.equal(ready(decision), 'TooManyTargets');
    assert.deepEqual(decision.calls, []);
    const status = { observedGeneration: -1, ...decision.status, targets: [] };
    const spec = { ...fanOut, strategy: { ...oneByOne, maxParallel: maxTargets } };
    assert.equal(ask({ spec, pods: pods.slice(1), status }).calls.length, maxTargets);
  });
  test('a selector without a pod', () => {
    const waiting = ask({ spec: fanOut, pods: [] });
    assert.equal(ready(waiting), 'NoTarget');
    assert.equal(waiting.requeueAfterMs, 10_000);
    assert.equal(ready(ask({ spec: fanOut, pods: [], unlabelled: ['sei-7'] })), 'NoAgent');
    const failed = ask({
      spec: fanOut,
      pods: [],
      status: { observedGeneration: 1, ...waiting.status, targets: [] },
      seconds: 300,
    });
    assert.equal(failed.status?.phase, 'Failed');
    assert.equal(ready(failed), 'NoTarget');
  });
});

const lastRun = (setup: Partial<Parameters<typeof row>[1]>): string | undefined =>
  ask({
    spec: cron,
    status: runningStatus([row('sei-0', { phase: 'Scheduled', ...setup })]),
    seconds: 1,
  }).status?.conditions?.find(({ type }) => type === 'LastRunSucceeded')?.message;

describe('the condition of the last run of a schedule', () => {
  const end = { run: 3, startedAt: at(0), completedAt: at(1) };

  test('says why the last run was skipped, in full', () => {
    const message = `nothing uploaded: 1 snapshot on disk, 2 are needed: ${'set this '.repeat(30)}`.trim();
    const reason = 'fewer-than-2-snapshots';
    const runs = [{ ...end, status: 'completed', outcome: 'skipped', reason } as const];
    assert.equal(
      lastRun({ runs, result: result({ nextRunAt: at(60), outcome: 'skipped', reason, message }) }),
      `run 3 was skipped on sei-0: ${message}`,
    );
    // A row of many targets may have no room for it, and a result of before may be another run's.
    assert.equal(lastRun({ runs, result: result({ nextRunAt: at(60) }) }), `run 3 was skipped on sei-0: ${reason}`);
    assert.equal(
      lastRun({
        runs: [{ ...end, status: 'completed', outcome: 'unchanged', reason: 'already-uploaded' }],
        result: result(),
      }),
      'run 3 succeeded on sei-0: already-uploaded',
    );
  });

  test('says why the last run failed, with what the list of runs has no room for', () => {
    const error = `snapshot-upload: the newest upload ${'is old '.repeat(30)}: set this`;
    const runs = [{ ...end, status: 'failed', error: `${error.slice(0, 127)}…` } as const];
    assert.equal(lastRun({ runs, result: result({ nextRunAt: at(60), error }) }), `run 3 on sei-0 failed: ${error}`);
    assert.match(lastRun({ runs, result: result({ nextRunAt: at(60), error: 'of another run' }) }) ?? '', /is old i…$/);
  });
});
