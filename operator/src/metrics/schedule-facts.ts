import type { NodeTask, RunRecord, TargetStatus } from '@nodetask/shared';
import { isTerminal } from '../controller/run-context.ts';
import { taskMode } from '../controller/task-mode.ts';

/** What the metrics of a cron schedule say, as far as status knows. Times in seconds since the epoch. */
export interface ScheduleFacts {
  /** End of the last run that succeeded, and was not skipped; of several targets, of the one where that is longest ago. Absent where one has none. */
  readonly lastSuccessAt?: number;
  /** Absent while suspended. */
  readonly nextRunAt?: number;
  /**
   * The longest time between two runs in a row, the next one included, in seconds: what is usual for this schedule, also where it
   * rests on some days. Absent before its first run and while suspended.
   */
  readonly intervalSeconds?: number;
  /** Runs in a row, up to now, that failed or were missed, on the target with the most; 0 while suspended. */
  readonly failedRuns: number;
  /** Firings that did not run in time, in all. */
  readonly missedRuns: number;
}

/** The facts of a cron schedule that has not ended; undefined for everything else. */
export const scheduleFacts = ({ spec, status = {} }: NodeTask): ScheduleFacts | undefined => {
  if (taskMode(spec) !== 'cron' || isTerminal(status.phase)) return undefined;
  const rows = (status.targets ?? []).filter(({ taskID, result }) => result !== undefined && result.id === taskID);
  const successes = rows.map(lastSuccess);
  const lastSuccessAt = successes.every((at) => at !== undefined) ? least(successes) : undefined;
  const missedRuns = status.missedRuns ?? 0;
  const known = { ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }), missedRuns };
  if (spec.suspend === true) return { ...known, failedRuns: 0 };
  const nextRunAt = status.nextRunAt === undefined ? undefined : seconds(status.nextRunAt);
  const intervalSeconds = most(rows.flatMap((row) => interval(row, nextRunAt) ?? []));
  return {
    ...known,
    failedRuns: Math.max(0, ...rows.map(failedInARow)),
    ...(nextRunAt === undefined ? {} : { nextRunAt }),
    ...(intervalSeconds === undefined ? {} : { intervalSeconds }),
  };
};

const lastSuccess = ({ runs = [] }: TargetStatus): number | undefined => {
  const at = runs.find(succeeded)?.completedAt;
  return at === undefined ? undefined : seconds(at);
};

/** A skipped run did nothing: it says neither that the schedule works nor that it does not. */
const succeeded = ({ status, outcome }: RunRecord): boolean => status === 'completed' && outcome !== 'skipped';

/** One that is going has neither failed nor succeeded. */
const failedInARow = ({ runs = [] }: TargetStatus): number => {
  const ended = runs.filter(({ status, outcome }) => status !== 'running' && outcome !== 'skipped');
  const success = ended.findIndex(succeeded);
  return success < 0 ? ended.length : success;
};

const interval = ({ runs = [] }: TargetStatus, nextRunAt: number | undefined): number | undefined => {
  const times = [...(nextRunAt === undefined ? [] : [nextRunAt]), ...runs.map(({ startedAt }) => seconds(startedAt))];
  return most(times.slice(1).map((at, index) => (times[index] ?? at) - at));
};

const seconds = (time: string): number => Date.parse(time) / 1000;

const least = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.min(...values);
const most = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : Math.max(...values));
