import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesAgent, concerns } from './relevance.ts';
import { agentPod, fanOut, nodeTask, oneShot, podWithoutAddress, row, runningStatus } from './testing/fixtures.ts';

test('only what the operator uses of a pod counts as a change', () => {
  const pod = agentPod('sei-0');
  assert.equal(changesAgent(pod, { ...pod, metadata: { ...pod.metadata, resourceVersion: '2' } }), false);
  assert.equal(changesAgent(undefined, pod), true);
  assert.equal(changesAgent(pod, undefined), true);
  assert.equal(changesAgent(podWithoutAddress('sei-0'), pod), true);
  assert.equal(changesAgent(pod, agentPod('sei-0', { uid: 'another' })), true);
  assert.equal(changesAgent(pod, agentPod('sei-0', { labels: {} })), true);
  assert.equal(changesAgent(pod, { ...pod, pulse: 'another' }), true);
  assert.equal(changesAgent(pod, { ...pod, leavingAt: 1 }), true);
});

test('a pod concerns NodeTasks that name it, match it or list it, and are on their way', () => {
  const pod = agentPod('sei-0');
  assert.equal(concerns(pod, nodeTask(oneShot)), true);
  assert.equal(concerns(pod, nodeTask(fanOut)), true);
  assert.equal(concerns(agentPod('other', { labels: {} }), nodeTask(fanOut)), false);
  assert.equal(concerns(agentPod('sei-0', { labels: {} }), nodeTask(fanOut, runningStatus([row('sei-0')]))), true);
  const done = runningStatus([row('sei-0')], { phase: 'Succeeded' });
  assert.equal(concerns(pod, nodeTask(oneShot, done)), false);
  assert.equal(concerns(pod, nodeTask({ ...oneShot, runID: '2' }, done)), true);
  assert.equal(concerns(pod, nodeTask(oneShot, done, { deletionTimestamp: '2026-01-01T00:00:00Z' })), true);
});
