import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { Registry } from 'prom-client';
import { createKubeMetrics } from './metrics.ts';
import { WorkQueue } from './work-queue.ts';

test('rule 15: the metrics have the names of client-go and live on the registry given', async () => {
  const registry = new Registry();
  createKubeMetrics(registry);
  const names = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const required = [
    'workqueue_depth',
    'workqueue_adds_total',
    'workqueue_retries_total',
    'workqueue_queue_duration_seconds',
    'workqueue_work_duration_seconds',
    'workqueue_unfinished_work_seconds',
    'workqueue_longest_running_processor_seconds',
    'watch_reconnects_total',
    'relist_total',
    'relist_missed_events_total',
    'cache_objects',
    'rest_client_requests_total',
    'rest_client_request_duration_seconds',
  ];
  assert.deepEqual(
    required.filter((name) => !names.has(name)),
    [],
  );
  const text = await registry.metrics();
  assert.doesNotMatch(text, /process_cpu/, 'default metrics are for the program to add');
});

test('a queue shows its depth, its waits and the work in progress', async () => {
  const registry = new Registry();
  const clock = new FakeClock();
  const queue = new WorkQueue({ name: 'nodetasks', clock, metrics: createKubeMetrics(registry) });
  queue.add('a');
  queue.add('b');
  await clock.advance(2000);
  await queue.get();
  await clock.advance(3000);
  await queue.get();
  await clock.advance(1000);
  const value = async (name: string): Promise<number | undefined> => {
    const metric = await registry.getSingleMetric(name)?.get();
    return metric?.values.find(({ labels }) => labels['name'] === 'nodetasks')?.value;
  };
  assert.equal(await value('workqueue_adds_total'), 2);
  assert.equal(await value('workqueue_depth'), 0);
  assert.equal(await value('workqueue_unfinished_work_seconds'), 5);
  assert.equal(await value('workqueue_longest_running_processor_seconds'), 4);
  const waits = await registry.getSingleMetric('workqueue_queue_duration_seconds')?.get();
  const sum = waits?.values.find((entry) => 'metricName' in entry && String(entry.metricName).endsWith('_sum'));
  assert.equal(sum?.value, 2 + 5);
  queue.close();
  assert.equal(await value('workqueue_unfinished_work_seconds'), undefined);
});
