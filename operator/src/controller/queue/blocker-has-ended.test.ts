import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import type { TaskMemory } from '../task-memory.ts';
import { accepted, cron, nodeTask, oneShot, result, row, runningStatus } from '../testing/fixtures.ts';
import { blockerHasEnded } from './blocker-has-ended.ts';

const { id } = result();
const by = { id, type: 'mark-ready', ref: { namespace: 'sei', name: 'other', uid: 'u', maxResultBytes: 2048 } };
const busy: TaskMemory = { podUID: 'p', failures: 1, dispatch: { kind: 'busy', by } };
const memoryOf = (task: TaskMemory) => ({ tasks: new Map([['a-task', task]]), endedBlockers: new Set<string>() });
const viewOf = (blocker: NodeTask | undefined) => ({
  nodeTask: (key: string) => (key === 'sei/other' ? blocker : undefined),
});
const going = nodeTask(oneShot, runningStatus([row('sei-0', { result: result() })]));

test('what stands in the way and goes on is waited for', () => {
  assert.equal(blockerHasEnded(viewOf(going), memoryOf(busy)), false);
});

test('what has ended between the answer of the agent and now is tried once more, and only once', () => {
  const ended = [
    undefined,
    nodeTask(oneShot, { observedGeneration: 1, phase: 'Succeeded' }),
    nodeTask(oneShot, runningStatus([row('sei-0', { result: result({ status: 'failed' }) })])),
    nodeTask(
      cron,
      runningStatus([row('sei-0', { result: result(), runs: [{ run: 1, status: 'completed', startedAt: '' }] })]),
    ),
  ];
  for (const blocker of ended) {
    const memory = memoryOf(busy);
    assert.equal(blockerHasEnded(viewOf(blocker), memory), true);
    assert.equal(blockerHasEnded(viewOf(blocker), memory), false);
  }
});

test('a task that waits for nobody any more is forgotten', () => {
  const memory = { ...memoryOf(accepted()), endedBlockers: new Set([id]) };
  assert.equal(blockerHasEnded(viewOf(going), memory), false);
  assert.equal(memory.endedBlockers.size, 0);
});
