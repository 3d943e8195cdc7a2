import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask, RunRecord } from '@nodetask/shared';
import { cron, nodeTask } from '../controller/testing/fixtures.ts';
import { scheduleFacts } from './schedule-facts.ts';

const at = (day: number, minute = 0): string => new Date(Date.UTC(2026, 0, day, 3, minute)).toISOString();
const seconds = (time: string): number => Date.parse(time) / 1000;

const run = (number: number, status: RunRecord['status'], day: number): RunRecord => ({
  run: number,
  status,
  startedAt: at(day),
  ...(status === 'running' ? {} : { completedAt: at(day, 10) }),
});

const schedule = (targets: readonly (readonly RunRecord[])[], changes: Partial<NodeTask['spec']> = {}): NodeTask =>
  nodeTask(
    { ...cron, ...changes },
    {
      observedGeneration: 1,
      phase: 'Scheduled',
      nextRunAt: at(8),
      missedRuns: 2,
      targets: targets.map((runs, index) => ({
        pod: `sei-${String(index)}`,
        taskID: `id-${String(index)}`,
        result: { id: `id-${String(index)}`, type: 'config-validate', status: 'running', submittedAt: at(1), run: 1 },
        runs: [...runs],
      })),
    },
  );

test('a schedule tells of its last success, its next run, its interval and its misses', () => {
  const runs = [run(3, 'running', 7), run(2, 'completed', 6), run(1, 'completed', 5)];
  assert.deepEqual(scheduleFacts(schedule([runs])), {
    lastSuccessAt: seconds(at(6, 10)),
    nextRunAt: seconds(at(8)),
    intervalSeconds: 86_400,
    failedRuns: 0,
    missedRuns: 2,
  });
});

test('failed and missed runs in a row count up to the last success', () => {
  const runs = [run(4, 'running', 7), run(3, 'missed', 6), run(2, 'failed', 5), run(1, 'completed', 4)];
  assert.equal(scheduleFacts(schedule([runs]))?.failedRuns, 2);
  assert.equal(scheduleFacts(schedule([[run(1, 'failed', 7)]]))?.failedRuns, 1);
});

test('the interval of a schedule that rests on some days is its longest', () => {
  // On the 2nd and 3rd of the month nothing ran.
  const runs = [run(3, 'completed', 5), run(2, 'completed', 4), run(1, 'completed', 1)];
  assert.equal(scheduleFacts(schedule([runs]))?.intervalSeconds, 3 * 86_400);
});

test('of several targets counts the one that has gone longest without success', () => {
  const facts = scheduleFacts(
    schedule([
      [run(2, 'completed', 7), run(1, 'completed', 6)],
      [run(2, 'failed', 7), run(1, 'completed', 6)],
    ]),
  );
  assert.equal(facts?.lastSuccessAt, seconds(at(6, 10)));
  assert.equal(facts?.failedRuns, 1);
  const never = scheduleFacts(schedule([[run(1, 'completed', 7)], [run(1, 'failed', 7)]]));
  assert.equal(never?.lastSuccessAt, undefined);
});

test('a suspended schedule is not expected to run', () => {
  const facts = scheduleFacts(schedule([[run(2, 'failed', 7), run(1, 'completed', 6)]], { suspend: true }));
  assert.deepEqual(facts, { lastSuccessAt: seconds(at(6, 10)), failedRuns: 0, missedRuns: 2 });
});

test('what an earlier run of another id said does not count, nor does what is no cron schedule', () => {
  const other = schedule([[run(1, 'completed', 7)]]);
  const rows = (other.status?.targets ?? []).map((row) => ({ ...row, taskID: 'another' }));
  const stale = { ...other, status: { ...other.status, targets: rows } };
  assert.equal(scheduleFacts(stale)?.lastSuccessAt, undefined);
  assert.equal(scheduleFacts(schedule([], { async: { schedule: { blockHeight: 7 } } })), undefined);
  assert.equal(scheduleFacts({ ...other, status: { ...other.status, phase: 'Cancelled' } }), undefined);
});

test('a skipped run is neither a success nor a failure', () => {
  const skipped = (number: number, day: number): RunRecord => ({
    ...run(number, 'completed', day),
    outcome: 'skipped',
  });
  const facts = scheduleFacts(schedule([[skipped(3, 7), run(2, 'failed', 6), run(1, 'completed', 5)]]));
  assert.equal(facts?.lastSuccessAt, seconds(at(5, 10)));
  assert.equal(facts?.failedRuns, 1);
  assert.equal(scheduleFacts(schedule([[skipped(1, 7)]]))?.lastSuccessAt, undefined);
});
