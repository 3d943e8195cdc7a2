import type { NodeTask } from '@nodetask/shared';
import { Counter, Gauge, type Registry } from 'prom-client';
import { keyOf } from '../controller/node-tasks.ts';
import { type ScheduleFacts, scheduleFacts } from './schedule-facts.ts';

/** Schedules with series of their own: the oldest ones, so that they stay the same. Each has five. */
export const maxMeasuredSchedules = 500;

interface Measured {
  readonly labels: { readonly namespace: string; readonly name: string };
  readonly facts: ScheduleFacts;
}

/**
 * Metrics of each cron schedule, read off status when they are scraped. Labels by name are bounded: what is beyond is counted by
 * nodetask_operator_schedules_unmeasured.
 */
export const registerScheduleMetrics = (
  registry: Registry,
  nodeTasks: () => readonly NodeTask[],
  most = maxMeasuredSchedules,
): void => {
  const registers = [registry];
  const labelNames = ['namespace', 'name'] as const;
  const measured = (): readonly Measured[] => oldest(schedulesAmong(nodeTasks()), most);
  const gauge = (name: string, help: string, of: (facts: ScheduleFacts) => number | undefined): Gauge =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { labels, facts } of measured()) {
          const value = of(facts);
          if (value !== undefined) this.set(labels, value);
        }
      },
    });
  gauge(
    'nodetask_operator_schedule_last_success_timestamp_seconds',
    'When the last run of a schedule that succeeded ended; of several targets, where that is longest ago',
    ({ lastSuccessAt }) => lastSuccessAt,
  );
  gauge(
    'nodetask_operator_schedule_next_run_timestamp_seconds',
    'When a schedule that is not suspended fires next',
    ({ nextRunAt }) => nextRunAt,
  );
  gauge(
    'nodetask_operator_schedule_interval_seconds',
    'The longest time between two runs of a schedule in a row, of those that status knows of, the next one included',
    ({ intervalSeconds }) => intervalSeconds,
  );
  gauge(
    'nodetask_operator_schedule_failed_runs',
    'Runs of a schedule in a row, up to now, that failed or were missed (at most 10 are known)',
    ({ failedRuns }) => failedRuns,
  );
  void new Counter({
    name: 'nodetask_operator_schedule_missed_runs_total',
    help: 'Firings of a schedule that did not run in time, on all targets together',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { labels, facts } of measured()) this.inc(labels, facts.missedRuns);
    },
  });
  void new Gauge({
    name: 'nodetask_operator_schedules_unmeasured',
    help: 'Schedules beyond those that have metrics of their own',
    registers,
    collect() {
      this.set(Math.max(0, schedulesAmong(nodeTasks()).length - most));
    },
  });
};

const schedulesAmong = (nodeTasks: readonly NodeTask[]): readonly (Measured & { readonly createdAt: string })[] =>
  nodeTasks.flatMap((nodeTask) => {
    const facts = scheduleFacts(nodeTask);
    if (facts === undefined) return [];
    const { namespace, name, creationTimestamp } = nodeTask.metadata;
    // Those of the same second by name: else which of them are measured would change.
    return [{ labels: { namespace, name }, facts, createdAt: `${creationTimestamp} ${keyOf(nodeTask)}` }];
  });

const oldest = <T extends { readonly createdAt: string }>(schedules: readonly T[], most: number): readonly T[] =>
  schedules.length <= most
    ? schedules
    : schedules.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).slice(0, most);
