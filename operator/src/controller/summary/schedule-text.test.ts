import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecord } from '@nodetask/shared';
import { decide } from '../decide.ts';
import { accepted, agentPod, cron, fanOut, gathered, idOf, result, row, runningStatus } from '../testing/fixtures.ts';

const startedAt = '2026-11-30T02:00:00.000Z';
const uploaded = { status: 'completed', outcome: 'changed', message: 'uploaded height 198030000, 41 GB' } as const;

interface Given {
  readonly run?: Omit<RunRecord, 'run' | 'startedAt'>;
  readonly before?: Omit<RunRecord, 'run' | 'startedAt'>;
  readonly told?: Parameters<typeof result>[0];
  readonly next?: string;
  readonly spec?: typeof cron;
  readonly pods?: readonly string[];
}

const berlin = { ...cron, async: { schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' } } };

const millionth = { ...cron, async: { schedule: { blockHeight: 1_200_000 } } };

const conditions = ({
  run,
  before,
  told = {},
  next = '2026-12-01T02:00:00.000Z',
  spec = berlin,
  pods = ['sei-0'],
}: Given) => {
  const runs: RunRecord[] = [
    ...(run === undefined ? [] : [{ run: 7, startedAt, ...run }]),
    ...(before === undefined ? [] : [{ run: 6, startedAt: '2026-11-29T02:00:00.000Z', ...before }]),
  ];
  const nextRunAt = spec === millionth ? {} : { nextRunAt: next };
  const rows = pods.map((pod) =>
    row(pod, { phase: 'Scheduled', result: result({ run: 7, ...nextRunAt, ...told }, pod), runs }),
  );
  const target = pods.length === 1 ? spec.target : fanOut.target;
  const { status } = decide(
    gathered({
      spec: { ...spec, target },
      pods: pods.map((pod) => agentPod(pod)),
      status: runningStatus(rows),
      memory: Object.fromEntries(pods.map((pod) => [idOf(pod), accepted()])),
    }),
  );
  return new Map(status?.conditions?.map(({ type, message }) => [type, message]));
};

for (const [what, given, text] of [
  [
    'what the last run did and when the next one is, in its own time zone',
    { run: uploaded },
    'last run 2026-11-30 03:00: uploaded height 198030000, 41 GB; next 2026-12-01 03:00 Europe/Berlin',
  ],
  [
    'the day once if both are on it',
    { run: uploaded, next: '2026-11-30T03:00:00.000Z' },
    'last run 2026-11-30 03:00: uploaded height 198030000, 41 GB; next 04:00 Europe/Berlin',
  ],
  ['only the next run before the first', {}, 'next 2026-12-01 03:00 Europe/Berlin'],
  [
    'that the last run succeeded, of an agent that says no more',
    { run: { status: 'completed', outcome: 'changed' } },
    'last run 2026-11-30 03:00 succeeded; next 2026-12-01 03:00 Europe/Berlin',
  ],
  [
    'what a last run says that had nothing to do',
    {
      run: {
        ...uploaded,
        outcome: 'unchanged',
        reason: 'already-uploaded',
        message: 'snapshot 8000 is uploaded already',
      },
    },
    'last run 2026-11-30 03:00: snapshot 8000 is uploaded already; next 2026-12-01 03:00 Europe/Berlin',
  ],
  [
    'a warning of the last run, and all of a text that the list of runs has cut',
    {
      run: { ...uploaded, message: 'uploaded height 19803\u2026' },
      told: { message: uploaded.message, warnings: ['the store keeps no checksum'] },
    },
    'last run 2026-11-30 03:00: uploaded height 198030000, 41 GB; warning: the store keeps no checksum; next 2026-12-01 03:00 Europe/Berlin',
  ],
  [
    'where and why the last run failed',
    { run: { status: 'failed', error: 'there is no bucket sei-snapshot' } },
    'last run 2026-11-30 03:00 failed on sei-0: there is no bucket sei-snapshot; next 2026-12-01 03:00 Europe/Berlin',
  ],
  [
    'where and why the last run was skipped',
    { run: { status: 'completed', outcome: 'skipped', message: 'nothing uploaded' } },
    'last run 2026-11-30 03:00 was skipped on sei-0: nothing uploaded; next 2026-12-01 03:00 Europe/Berlin',
  ],
  [
    'when a missed run was due',
    { run: { status: 'missed' }, told: { missedRuns: 2 } },
    'last run, due 2026-11-30 03:00, did not start in time on sei-0; next 2026-12-01 03:00 Europe/Berlin; 2 runs missed so far',
  ],
  [
    'the run before while one is going',
    { run: { status: 'running' }, before: uploaded },
    'runs on sei-0 (run 7 is going); last run 2026-11-29 03:00 Europe/Berlin: uploaded height 198030000, 41 GB',
  ],
  ['at which height it runs', { spec: millionth }, 'next at height 1,200,000'],
  [
    'what all targets say, once',
    { run: uploaded, pods: ['sei-0', 'sei-1'] },
    'last run 2026-11-30 03:00 on 2 targets: uploaded height 198030000, 41 GB; next 2026-12-01 03:00 Europe/Berlin',
  ],
] as const satisfies readonly (readonly [string, Given, string])[]) {
  test(`Ready of a schedule tells ${what}`, () => {
    assert.equal(conditions(given).get('Ready'), text);
  });
}

test('the condition of the last run has its number and its words, too', () => {
  assert.equal(
    conditions({ run: uploaded }).get('LastRunSucceeded'),
    'run 7 succeeded on sei-0: uploaded height 198030000, 41 GB',
  );
});
