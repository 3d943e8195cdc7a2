import { maxRunRecords, maxRunTextCharacters, type RunRecord, type TaskResult } from '@nodetask/shared';
import type { Failure } from './failure.ts';
import { restartProgress, stallOf } from './stall.ts';
import type { TaskRecord } from './store.ts';
import type { TaskReport } from './task-handler.ts';

/**
 * The life of a TaskRecord as pure functions: a run starts, completes, fails, is missed. Each returns the next record, its
 * revision raised; what an optional member no longer says is absent.
 */

/** How a run ended. */
export type RunEnd =
  | { readonly kind: 'completed'; readonly report: TaskReport }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The engine stopped: the run's record stays active for the next start. */
  | { readonly kind: 'interrupted' };

export const revised = (record: TaskRecord, changes: Partial<TaskRecord>): TaskRecord => ({
  ...record,
  ...changes,
  revision: record.revision + 1,
});

/** A run starts, at `at`: number `run`. A cron schedule's next time moves on with it; a height has fired. */
export const runStarted = (record: TaskRecord, run: number, at: string, nextRunAt?: string): TaskRecord => {
  const { progress, nextRunAt: _due, ...before } = record.result;
  const stall = stallOf(progress);
  // A schedule shows its last run's end while the next one runs; other tasks begin anew.
  const kept: TaskResult = record.kind === 'schedule' ? before : unfinished(before);
  const { resumed: _resumed, crashes: _ofAnotherRun, pledge: _pledge, ...fresh } = record;
  return revised(run === record.result.run ? record : fresh, {
    active: true,
    runStartedAt: at,
    result: {
      ...kept,
      status: 'running',
      run,
      ...(nextRunAt === undefined ? {} : { nextRunAt }),
      ...(progress === undefined || stall === undefined
        ? {}
        : { progress: { stage: 'start', done: progress.done, unit: progress.unit, at, ...stall } }),
    },
    ...(record.kind === 'schedule' ? { runs: recorded(record.runs, { run, status: 'running', startedAt: at }) } : {}),
    ...(byHeight(record) ? { fired: true } : {}),
  });
};

/** The active run ended well. */
export const runCompleted = (record: TaskRecord, report: TaskReport, at: string): TaskRecord => ({
  ...runEnded(record, {
    status: 'completed',
    startedAt: record.runStartedAt ?? at,
    completedAt: at,
    outcome: report.outcome,
    ...(report.reason === undefined ? {} : { reason: report.reason }),
    ...(report.message === undefined ? {} : { message: cut(report.message) }),
    ...(report.numbers === undefined ? {} : { numbers: report.numbers }),
  }),
  result: {
    ...unfinished(record.result),
    ...pending(record),
    status: recurs(record) ? 'running' : 'completed',
    completedAt: at,
    outcome: report.outcome,
    ...(report.reason === undefined ? {} : { reason: report.reason }),
    ...(report.message === undefined ? {} : { message: report.message }),
    ...(report.output === undefined ? {} : { output: report.output }),
    ...(report.warnings === undefined ? {} : { warnings: [...report.warnings] }),
  },
});

/** The active run failed. `terminal` is false where the task goes on: the next firing, the restart of a daemon. */
export const runFailed = (record: TaskRecord, failure: Failure, at: string, terminal: boolean): TaskRecord => ({
  ...runEnded(record, {
    status: 'failed',
    startedAt: record.runStartedAt ?? at,
    completedAt: at,
    error: cut(failure.text),
  }),
  result: failed(record, failure, at, terminal),
});

/** The task was removed before it had ended, while a run went on or between two. What runs came to before stays. */
export const taskRemoved = (record: TaskRecord, failure: Failure, at: string): TaskRecord =>
  record.active ? runFailed(record, failure, at, true) : revised(record, { result: failed(record, failure, at, true) });

/** A firing that was due at `dueAt` could not start in time. It takes a number, so that it can be told from others. */
export const runMissed = (record: TaskRecord, failure: Failure, dueAt: string, nextRunAt?: string): TaskRecord => {
  const run = record.result.run + 1;
  const { nextRunAt: _due, ...result } = record.result;
  const missed: RunRecord = { run, status: 'missed', startedAt: dueAt, error: cut(failure.text) };
  const next = nextRunAt === undefined ? {} : { nextRunAt };
  return revised(record, {
    missedRuns: (record.missedRuns ?? 0) + 1,
    runs: recorded(record.runs, missed),
    result: { ...failed({ ...record, result }, failure, dueAt, nextRunAt === undefined), ...next, run },
  });
};

/** A schedule by cron goes on after each run; everything else ends. */
export const recurs = (record: TaskRecord): boolean => record.async?.schedule?.cron !== undefined;

export const byHeight = (record: TaskRecord): boolean => record.async?.schedule?.blockHeight !== undefined;

/** Adds a run, or replaces the newest where it has the same number; keeps the last ten. */
const recorded = (runs: readonly RunRecord[], run: RunRecord): readonly RunRecord[] =>
  [run, ...(runs[0]?.run === run.run ? runs.slice(1) : runs)].slice(0, maxRunRecords);

const runEnded = (record: TaskRecord, end: Omit<RunRecord, 'run'>): TaskRecord => {
  const { pledge: _pledge, ...ended } = record;
  return revised(ended, {
    active: false,
    ...(record.kind === 'schedule' ? { runs: recorded(record.runs, { run: record.result.run, ...end }) } : {}),
  });
};

const failed = (record: TaskRecord, failure: Failure, at: string, terminal: boolean): TaskResult => ({
  ...unfinished(record.result),
  ...(terminal ? {} : pending(record)),
  status: terminal ? 'failed' : 'running',
  ...(record.kind === 'daemon' && !terminal
    ? { progress: restartProgress(record.result.run, record.result.progress, failure, at) }
    : { completedAt: at }),
  error: failure.text,
  errorCode: failure.code,
  retriable: failure.retriable,
  ...(failure.code === 'cancelled' ? { cancelled: true } : {}),
  ...(failure.output === undefined ? {} : { output: failure.output }),
});

const pending = (record: TaskRecord): Partial<TaskResult> =>
  record.result.nextRunAt === undefined ? {} : { nextRunAt: record.result.nextRunAt };

/** The members that every state has. */
const unfinished = ({ id, type, submittedAt, run }: TaskResult): TaskResult => ({
  id,
  type,
  status: 'running',
  submittedAt,
  run,
});

const cut = (text: string): string =>
  text.length > maxRunTextCharacters ? `${text.slice(0, maxRunTextCharacters - 1).toWellFormed()}…` : text;
