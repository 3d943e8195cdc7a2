import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { Registry } from 'prom-client';
import { cron, nodeTask } from '../controller/testing/fixtures.ts';
import { registerScheduleMetrics } from './schedule-metrics.ts';

const schedule = (name: string, day: number): NodeTask =>
  nodeTask(cron, { missedRuns: day }, { name, creationTimestamp: new Date(Date.UTC(2026, 0, day)).toISOString() });

const seriesOf = async (registry: Registry, metric: string): Promise<readonly string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith(metric));

test('each schedule has its series, and one that is gone has none', async () => {
  const registry = new Registry();
  let all = [schedule('a', 1), schedule('b', 2)];
  registerScheduleMetrics(registry, () => all);
  const metric = 'nodetask_operator_schedule_missed_runs_total';
  assert.deepEqual(await seriesOf(registry, metric), [
    `${metric}{namespace="sei",name="a"} 1`,
    `${metric}{namespace="sei",name="b"} 2`,
  ]);
  all = all.slice(1);
  assert.deepEqual(await seriesOf(registry, metric), [`${metric}{namespace="sei",name="b"} 2`]);
});

test('beyond the limit the oldest schedules keep their series, and the rest is counted', async () => {
  const registry = new Registry();
  const all = [schedule('c', 3), schedule('b', 2), schedule('a', 2), schedule('d', 4)];
  registerScheduleMetrics(registry, () => all, 2);
  const lines = await seriesOf(registry, 'nodetask_operator_schedule_failed_runs{');
  assert.deepEqual(
    lines.map((line) => /name="(\w)"/.exec(line)?.[1]),
    ['a', 'b'],
  );
  assert.deepEqual(await seriesOf(registry, 'nodetask_operator_schedules_unmeasured'), [
    'nodetask_operator_schedules_unmeasured 2',
  ]);
});
