import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usedMetrics } from './used-metrics.ts';

for (const [expression, used] of [
  ['up', [{ name: 'up', labels: [] }]],
  [
    'sum by (job) (rate(a_total{code!~"2..|409", verb="x"}[5m])) > 0.1',
    [{ name: 'a_total', labels: ['code', 'verb'] }],
  ],
  [
    'time() - max by (namespace, name) (a) > 2 * b + 600 and on (job, instance) c',
    ['a', 'b', 'c'].map((name) => ({ name, labels: [] })),
  ],
  ['histogram_quantile(0.99, sum by (le) (rate(a_bucket[$__rate_interval])))', [{ name: 'a_bucket', labels: [] }]],
] as const) {
  test(`the metrics of ${expression}`, () => {
    assert.deepEqual(usedMetrics(expression), used);
  });
}
