import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentPortOf, isReady } from './pod.ts';
import type { Pod } from './pod.ts';

const pod = (changes: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: 'u' },
  spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 80 }] }] },
  ...changes,
});

test('the port of the agent: named container port, then annotation, then 7777', () => {
  const metadata = { name: 'p', namespace: 'n', uid: 'u', annotations: { 'nodetask.dev/agent-port': '9000' } };
  const sidecar = { name: 'agent', image: 'i', ports: [{ name: 'nodetask', containerPort: 8000 }] };
  assert.equal(agentPortOf(pod()), 7777);
  assert.equal(agentPortOf(pod({ metadata })), 9000);
  assert.equal(agentPortOf(pod({ metadata, spec: { containers: [], initContainers: [sidecar] } })), 8000);
});

test('only the condition Ready=True is ready', () => {
  const status = (type: string, value: string): Pod => pod({ status: { conditions: [{ type, status: value }] } });
  assert.equal(isReady(status('Ready', 'True')), true);
  assert.equal(isReady(status('Ready', 'False')), false);
  assert.equal(isReady(status('ContainersReady', 'True')), false);
  assert.equal(isReady(pod()), false);
  assert.equal(isReady(undefined), false);
});
