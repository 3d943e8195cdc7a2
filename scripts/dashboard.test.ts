import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { findDebianProgram, runCommand } from '@nodetask/testbed';
import * as z from 'zod';
import { registeredMetrics } from './metrics/registered-metrics.ts';
import { registeredName, usedMetrics } from './metrics/used-metrics.ts';
import { root } from './steps.ts';

/** The dashboard as it is committed. That it fits Grafana's schema is the compiler's business: it is built with Grafana's types. */
const panelSchema = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  datasource: z.object({ uid: z.string() }).optional(),
  gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
  targets: z
    .array(z.object({ expr: z.string(), refId: z.string(), datasource: z.object({ uid: z.string() }) }))
    .default([]),
});

let panels: z.output<typeof panelSchema>[];

before(async () => {
  const text = await readFile(join(root, 'charts', 'nodetask', 'dashboards', 'nodetask.json'), 'utf8');
  panels = z.object({ panels: z.array(panelSchema) }).parse(JSON.parse(text)).panels;
});

describe('the dashboard', () => {
  test('asks for metrics and labels that the programs have', () => {
    const { operator, agent } = registeredMetrics();
    const known = new Map([...operator, ...agent].map(({ name, labels }) => [name, labels]));
    // Prometheus adds these to the series of agents.
    const added = new Set(['namespace', 'pod']);
    for (const { title, targets } of panels) {
      for (const { name, labels } of targets.flatMap(({ expr }) => usedMetrics(expr))) {
        const registered = known.get(registeredName(name));
        assert.ok(registered !== undefined, `${title}: nobody has ${name}`);
        for (const label of labels) {
          const isKnown: boolean =
            registered.includes(label) || (name.startsWith('nodetask_agent_') && added.has(label));
          assert.ok(isKnown, `${title}: ${name} has no label ${label}`);
        }
      }
    }
  });

  test('is in PromQL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
    try {
      const rules = panels.flatMap(({ targets }) =>
        targets.map(({ expr }, index) => ({
          record: `q:${String(index)}`,
          expr: expr.replaceAll('$__rate_interval', '5m'),
        })),
      );
      assert.ok(rules.length > 30);
      const file = join(folder, 'rules.yaml');
      await writeFile(
        file,
        JSON.stringify({ groups: rules.map((rule, index) => ({ name: String(index), rules: [rule] })) }),
      );
      const { code, stdout, stderr } = await runCommand(await findDebianProgram('promtool'), ['check', 'rules', file]);
      assert.equal(code, 0, stdout + stderr);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('names runbooks that there are', async () => {
    const page = await readFile(join(root, 'docs', 'observability.md'), 'utf8');
    const headings = new Set([...page.matchAll(/^### (NodeTask\w+)$/gm)].map(([, name = '']) => name.toLowerCase()));
    const named = panels.flatMap(({ description = '' }) =>
      [...description.matchAll(/Runbook: (\S+)/g)].map(([, link = '']) => link),
    );
    assert.ok(named.length > 10);
    for (const link of named) {
      const [file, anchor = ''] = link.split('#');
      assert.equal(file, 'docs/observability.md');
      assert.ok(headings.has(anchor), link);
    }
  });

  test('takes its data source from a variable, says of each panel what it shows, and lays none over another', () => {
    const taken = new Map<string, string>();
    for (const { type, title, description, datasource, gridPos, targets } of panels) {
      const { x, y, w, h } = gridPos;
      assert.ok(x + w <= 24, title);
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          const cell = `${String(column)} ${String(row)}`;
          assert.equal(taken.get(cell), undefined, `${title} lies over another panel`);
          taken.set(cell, title);
        }
      }
      if (type === 'row') continue;
      assert.ok((description ?? '').length > 10, title);
      for (const source of [datasource, ...targets.map((target) => target.datasource)])
        assert.equal(source?.uid, '${datasource}', title);
    }
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  });
});
