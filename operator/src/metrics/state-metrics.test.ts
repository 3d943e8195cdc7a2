import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { Registry } from 'prom-client';
import { nodeTask, oneShot } from '../controller/testing/fixtures.ts';
import { registerStateMetrics } from './state-metrics.ts';

test('NodeTasks are counted by phase, and as New before anybody has looked at them', async () => {
  const registry = new Registry();
  const statuses = [
    // As the API server fills it in, also beside what an agent was quick to write.
    { observedGeneration: -1, phase: 'Pending' },
    { observedGeneration: -1, phase: 'Pending', targets: [{ pod: 'sei-0' }] },
    { observedGeneration: 1, phase: 'Pending' },
    { observedGeneration: 1, phase: 'Running' },
    { observedGeneration: 1, phase: 'Of somebody else' },
  ];
  registerStateMetrics(registry, {
    nodeTasks: () => statuses.map((status) => nodeTask(oneShot, status)),
    unreachableAgents: () => new Map(),
    unreadableNamespaces: () => ['gone'],
    certificateEnds: () => new Map(),
    clock: new FakeClock(),
  });
  const page = await registry.metrics();
  const count = (phase: string): string | undefined =>
    new RegExp(`^nodetask_operator_nodetasks\\{phase="${phase}"\\} (\\d+)$`, 'mu').exec(page)?.[1];
  assert.deepEqual(['New', 'Pending', 'Running', 'other'].map(count), ['2', '1', '1', '1']);
});
