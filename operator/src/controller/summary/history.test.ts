import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeTaskStatus, maxHistoryEntries } from '@nodetask/shared';
import { decide } from '../decide.ts';
import {
  accepted,
  agentPod,
  at,
  cron,
  daemon,
  fanOut,
  gathered,
  idOf,
  oneShot,
  result,
  row,
  runningStatus,
  type Setup,
} from '../testing/fixtures.ts';

const failing = (changes: Partial<NodeTaskStatus> = {}) => ({
  status: runningStatus(
    [row('sei-0', { result: result({ status: 'failed', error: 'no such bucket', errorCode: 'bucket-missing' }) })],
    changes,
  ),
  seconds: 31,
});

test('the end of a run is one line of status.history', () => {
  assert.deepEqual(decide(gathered(failing())).status?.history, [
    '2026-01-01T00:00:31Z first run Failed 0/1 in 31 s: bucket-missing on sei-0',
  ]);
});

const changed = { status: 'completed', outcome: 'changed', message: 'p2p.seeds removed' } as const;
const fleet = ['sei-0', 'sei-1', 'sei-2'];

const ends: readonly (readonly [string, Setup, string])[] = [
  [
    'what has changed, and not twice that it succeeded',
    { status: runningStatus([row('sei-0', { result: result(changed) })]), seconds: 14 },
    'first run Succeeded 1/1 in 14 s: p2p.seeds removed',
  ],
  [
    'that nothing was to do',
    {
      status: runningStatus([row('sei-0', { result: result({ ...changed, outcome: 'unchanged' }) })]),
      seconds: 14,
    },
    'first run Succeeded 1/1 in 14 s (unchanged: p2p.seeds removed)',
  ],
  [
    'the targets of a fleet, whose text it has once',
    {
      spec: fanOut,
      pods: fleet.map((pod) => agentPod(pod)),
      status: runningStatus(fleet.map((pod) => row(pod, { result: result(changed, pod) }))),
      seconds: 300,
    },
    'first run Succeeded 3/3 in 5 min: p2p.seeds removed',
  ],
  [
    'a fleet that failed, with the pod',
    {
      spec: { ...fanOut, strategy: { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop' } },
      pods: fleet.map((pod) => agentPod(pod)),
      status: runningStatus([
        row('sei-0', { result: result(changed) }),
        row('sei-1', { result: result({ status: 'failed', error: 'boom' }, 'sei-1') }),
        row('sei-2', { phase: 'Pending', startedAt: undefined }),
      ]),
      seconds: 14,
    },
    'first run Failed 1/3 in 14 s: 1 of 3 targets failed; 1 not started; failed on sei-1: boom',
  ],
  [
    'that it was cancelled before it began',
    { spec: { ...oneShot, cancel: true } },
    'first run Cancelled 0/0: cancelled before it was dispatched; change spec.runID to run it',
  ],
  [
    'that it was cancelled while it ran',
    {
      spec: { ...oneShot, cancel: true },
      status: runningStatus([row('sei-0', { result: result({ status: 'failed', cancelled: true }) })]),
      seconds: 14,
    },
    'first run Cancelled 0/1 in 14 s: cancelled on sei-0; change spec.runID to run it again',
  ],
];

for (const [what, setup, line] of ends) {
  test(`the line of an end tells ${what}`, () => {
    const time = `2026-01-01T00:0${setup.seconds === 300 ? '5:00' : `0:${String(setup.seconds ?? 0).padStart(2, '0')}`}Z`;
    assert.deepEqual(decide(gathered(setup)).status?.history, [`${time} ${line}`]);
  });
}

test('entries of before stay behind it, ten in all', () => {
  const history = Array.from({ length: maxHistoryEntries }, (_, index) => `entry ${String(index)}`);
  const after = decide(gathered(failing({ history }))).status?.history ?? [];
  assert.equal(after.length, maxHistoryEntries);
  assert.deepEqual(after.slice(1), history.slice(0, -1));
});

test('a run that has ended keeps its line, and gets no second one', () => {
  const ended = decide(gathered(failing())).status;
  const again = decide(
    gathered({ ...failing(), status: { ...failing().status, ...ended, targets: failing().status.targets } }),
  );
  assert.equal(again.status, undefined);
});

test('a run that another runID replaces before its end has a line that says so', () => {
  const memory = { [idOf('sei-0', '2')]: accepted() };
  const spec = { ...oneShot, runID: '2' };
  const { status } = decide(
    gathered({
      spec,
      memory,
      status: runningStatus([row('sei-0', { result: result({ status: 'completed' }) })]),
      seconds: 60,
    }),
  );
  assert.equal(status?.runID, '2');
  assert.deepEqual(status.history, ['2026-01-01T00:01:00Z first run Replaced 0/0 in 60 s']);
});

test('the end of the next runID stands before the ends of those before', () => {
  const spec = { ...oneShot, runID: '3' };
  const history = ['2025-12-31T00:00:00Z runID 2 Failed 0/1 in 31 s: boom'];
  const id = idOf('sei-0', '3');
  const ended = { ...row('sei-0', { result: { ...result(changed), id } }), taskID: id };
  const status = runningStatus([ended], { runID: '3', history });
  assert.deepEqual(decide(gathered({ spec, status, seconds: 14 })).status?.history, [
    '2026-01-01T00:00:14Z runID 3 Succeeded 1/1 in 14 s: p2p.seeds removed',
    ...history,
  ]);
});

test('firings of a schedule are no entries', () => {
  const runs = [{ run: 1, status: 'failed' as const, startedAt: at(0), error: 'boom' }];
  const status = runningStatus([row('sei-0', { phase: 'Scheduled', result: result(), runs })]);
  const decision = decide(gathered({ spec: cron, status, memory: { [idOf('sei-0')]: accepted() } }));
  assert.equal(decision.status?.history, undefined);
});

const rowAt = (seconds: number, stalled = {}) =>
  row('sei-0', {
    result: result({ progress: { stage: 'export', done: seconds, unit: 'blocks', at: at(seconds), ...stalled } }),
  });

test('how far a daemon is, is written to conditions once a minute, and trouble at once', () => {
  const memory = { [idOf('sei-0')]: accepted() };
  const first = decide(gathered({ spec: daemon, memory, status: runningStatus([rowAt(0)]) })).status;
  const later = (seconds: number, stalled = {}) =>
    decide(
      gathered({
        spec: daemon,
        memory,
        status: { ...first, targets: [{ ...first?.targets?.[0], ...rowAt(seconds, stalled) }] },
        writtenAt: Date.parse(at(0)),
        seconds,
      }),
    );
  assert.equal(later(59).status, undefined);
  assert.equal(later(60).status?.conditions?.[0]?.message, 'the daemon runs on sei-0: export 60 blocks');
  assert.equal(
    later(59, { stalledSince: '2025-12-31T23:00:00.000Z' }).status?.conditions?.[0]?.reason,
    'DaemonStalled',
  );
});
