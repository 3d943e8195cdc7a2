import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OwnedTask, Standing } from '../engine/node-tasks.ts';
import { shownNodeTaskSchema } from './shown-node-task.ts';
import { standingOf } from './standing-of.ts';

const id = 'f3c1b7de-1111-4222-8333-444455556666';
const later = 'f3c1b7de-1111-4222-8333-444455556667';
const submittedAt = '2026-01-01T00:00:10.000Z';

const oneShot: OwnedTask = {
  id,
  kind: 'one-shot',
  type: 'config-validate',
  params: {},
  ref: { namespace: 'sei', name: 'n', uid: 'u1', maxResultBytes: 2048 },
  fingerprint: '',
  result: { id, type: 'config-validate', status: 'running', submittedAt, run: 1 },
  active: true,
  runs: [],
  revision: 1,
  reportedRevision: 0,
  sequence: 1,
};
const schedule: OwnedTask = { ...oneShot, kind: 'schedule', active: false, result: { ...oneShot.result, run: 3 } };

/** A NodeTask with this row of the agent's pod. */
const shows = (row: object, more: { readonly metadata?: object; readonly spec?: object } = {}) =>
  shownNodeTaskSchema.parse({
    metadata: { uid: 'u1', name: 'n', ...more.metadata },
    spec: { type: 'config-validate', ...more.spec },
    status: {
      phase: 'Running',
      targets: [
        { pod: 'other', phase: 'Failed', taskID: id },
        { pod: 'sei-0', ...row },
      ],
    },
  });
const result = { id, status: 'running', submittedAt, run: 1 };
const runs = (run: number, status: string) => [{ run, status, startedAt: `2026-01-01T0${String(run)}:00:00.000Z` }];

const table: readonly [what: string, task: OwnedTask, shown: ReturnType<typeof shows>, expected: Standing][] = [
  ['no status yet', oneShot, shownNodeTaskSchema.parse({ metadata: { uid: 'u1' } }), { kind: 'wanted' }],
  ['no row of this pod that says anything', oneShot, shows({}), { kind: 'wanted' }],
  ['the same task, running', oneShot, shows({ taskID: id, phase: 'Running', result }), { kind: 'wanted' }],
  [
    'an attempt that is to come, of another run',
    oneShot,
    shows({ taskID: later, phase: 'Pending' }),
    { kind: 'wanted' },
  ],
  [
    'another object of the same name',
    oneShot,
    shows({}, { metadata: { uid: 'u2' } }),
    { kind: 'gone', why: 'another NodeTask has its name' },
  ],
  [
    'a deletion that is under way',
    oneShot,
    shows({}, { metadata: { deletionTimestamp: submittedAt } }),
    { kind: 'gone', why: 'the NodeTask is being deleted' },
  ],
  [
    'a later task',
    oneShot,
    shows({ taskID: later, result: { id: later, submittedAt: '2026-01-01T00:00:11.000Z' } }),
    { kind: 'gone', why: 'the NodeTask shows a later task' },
  ],
  [
    'the task as its current attempt, and the result of another by a clock that was ahead',
    oneShot,
    shows({ taskID: id, result: { id: later, submittedAt: '2026-01-01T00:00:11.000Z' } }),
    { kind: 'wanted' },
  ],
  [
    'its end',
    oneShot,
    shows({ taskID: id, phase: 'Succeeded', result: { ...result, status: 'completed' } }),
    { kind: 'gone', why: 'the NodeTask shows its end' },
  ],
  [
    'the failure of a run before this one',
    { ...oneShot, result: { ...oneShot.result, run: 2 } },
    shows({ result: { ...result, status: 'failed' } }),
    { kind: 'wanted' },
  ],
  [
    'a target that was given up as failed',
    oneShot,
    shows({ taskID: id, phase: 'Failed', result }),
    { kind: 'over', why: 'the NodeTask is over' },
  ],
  [
    'a cancel that was given up',
    schedule,
    shows({ taskID: id, phase: 'Cancelled', result }, { spec: { cancel: true } }),
    { kind: 'over', why: 'the NodeTask is over' },
  ],
  [
    'a cancel that is under way',
    schedule,
    shows({ taskID: id, phase: 'Scheduled', result }, { spec: { cancel: true } }),
    { kind: 'over', why: 'the NodeTask is cancelled' },
  ],
  [
    'a schedule, as the journal has it',
    schedule,
    shows({ taskID: id, result: { ...result, run: 3 } }),
    { kind: 'wanted' },
  ],
  ['a schedule, as it was before', schedule, shows({ taskID: id, result: { ...result, run: 2 } }), { kind: 'wanted' }],
  [
    'runs of a schedule that the journal does not know',
    schedule,
    shows({ taskID: id, result: { ...result, run: 5 }, runs: runs(5, 'completed') }),
    { kind: 'wanted', ahead: { run: 5, lastRunAt: '2026-01-01T05:00:00.000Z' } },
  ],
  [
    'the number of such a run alone, because the row had no room for it',
    schedule,
    shows({ taskID: id, result: { ...result, run: 5 } }),
    { kind: 'wanted', ahead: { run: 5 } },
  ],
  [
    'the end of a run that goes on in the journal',
    { ...schedule, active: true },
    shows({ taskID: id, result: { ...result, run: 3 }, runs: runs(3, 'failed') }),
    { kind: 'wanted', ahead: { run: 3, lastRunAt: '2026-01-01T03:00:00.000Z' } },
  ],
  [
    'a run that goes on in the journal too',
    { ...schedule, active: true },
    shows({ taskID: id, result: { ...result, run: 3 }, runs: runs(3, 'running') }),
    { kind: 'wanted' },
  ],
];

const each = (kind: Standing['kind']): void => {
  for (const [what, task, shown, expected] of table.filter(([, , , standing]) => standing.kind === kind)) {
    test(what, () => {
      assert.deepEqual(standingOf(task, shown, 'sei-0'), expected);
    });
  }
};

describe('a task goes on if its NodeTask shows', () => {
  each('wanted');
});
describe('a task is removed without a word if its NodeTask shows', () => {
  each('gone');
});
describe('a task is removed and its NodeTask told if that shows', () => {
  each('over');
});
