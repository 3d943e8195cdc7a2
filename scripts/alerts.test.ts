import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { findDebianProgram, runCommand } from '@nodetask/testbed';
import { parse } from 'yaml';
import * as z from 'zod';
import { registeredMetrics } from './metrics/registered-metrics.ts';
import { registeredName, usedMetrics } from './metrics/used-metrics.ts';
import { root } from './steps.ts';

/** The alerts of the chart: each is made to fire, none is about a metric that nobody has, and each says what to do. */
const rulesFile = 'charts/nodetask/alerts/nodetask.yaml';
const testFile = 'scripts/alerts/nodetask.test.yaml';

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const testSchema = z.object({
  tests: z.array(
    z.object({
      input_series: z.array(z.object({ series: z.string() })),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

let rules: z.output<typeof rulesSchema>['groups'][number]['rules'];
let tests: z.output<typeof testSchema>['tests'];

const read = async (file: string): Promise<unknown> => parse(await readFile(join(root, file), 'utf8')) as unknown;

before(async () => {
  rules = rulesSchema.parse(await read(rulesFile)).groups.flatMap((group) => group.rules);
  tests = testSchema.parse(await read(testFile)).tests;
});

describe('alerts', () => {
  test('fire, and do not, as their tests say', { timeout: 120_000 }, async () => {
    const promtool = await findDebianProgram('promtool');
    for (const [verb, file] of [
      ['check', rulesFile],
      ['test', testFile],
    ] as const) {
      const { code, stdout, stderr } = await runCommand(promtool, [verb, 'rules', join(root, file)]);
      assert.equal(code, 0, stdout + stderr);
    }
  });

  test('are each seen to fire, and seen not to', () => {
    const cases = tests.flatMap((one) => one.alert_rule_test);
    for (const { alert } of rules) {
      const own = cases.filter(({ alertname }) => alertname === alert);
      assert.ok(
        own.some(({ exp_alerts: expected }) => expected.length > 0),
        `${alert} fires in no test`,
      );
      assert.ok(
        own.some(({ exp_alerts: expected }) => expected.length === 0),
        `${alert} is silent in no test`,
      );
    }
  });

  test('are about metrics and labels that the programs have', () => {
    const { operator, agent } = registeredMetrics();
    const known = new Map([...operator, ...agent].map(({ name, labels }) => [name, labels]));
    for (const { alert, expr } of rules) {
      const used = usedMetrics(expr);
      assert.ok(used.length > 0, alert);
      for (const { name, labels } of used) {
        const registered = known.get(registeredName(name));
        assert.ok(registered !== undefined, `${alert}: nobody has ${name}`);
        for (const label of labels) assert.ok(registered.includes(label), `${alert}: ${name} has no label ${label}`);
      }
    }
    // And so are the series of their tests; what Prometheus adds to each series aside.
    const added = new Set(['job', 'instance', 'namespace', 'pod', 'name']);
    for (const { series } of tests.flatMap((one) => one.input_series)) {
      for (const { name, labels } of usedMetrics(series)) {
        const registered = known.get(registeredName(name)) ?? assert.fail(`nobody has ${name}`);
        for (const label of labels)
          assert.ok(registered.includes(label) || added.has(label), `${name} has no label ${label}`);
      }
    }
  });

  test('say what to do', async () => {
    const page = await readFile(join(root, 'docs', 'observability.md'), 'utf8');
    const anchors = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase()));
    for (const { alert, annotations } of rules) {
      const anchor = alert.toLowerCase();
      assert.equal(annotations.runbook, `docs/observability.md#${anchor}`);
      assert.ok(anchors.has(anchor), `docs/observability.md has no heading ${alert}`);
    }
    const documented = new Set([...page.matchAll(/^### (NodeTask\w+)$/gm)].map(([, name]) => name));
    assert.deepEqual(documented, new Set(rules.map(({ alert }) => alert)));
  });
});
