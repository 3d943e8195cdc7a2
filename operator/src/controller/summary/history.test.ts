import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeTaskStatus, maxHistoryEntries } from '@nodetask/shared';
import { decide } from '../decide.ts';
import {
  accepted,
  at,
  cron,
  daemon,
  gathered,
  idOf,
  oneShot,
  result,
  row,
  runningStatus,
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
