import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import type { TaskMemory } from '../task-memory.ts';
import { accepted, cron, nodeTask, oneShot, result, row, runningStatus } from '../testing/fixtures.ts';
import { blockerHasEnded } from './blocker-has-ended.ts';

const { id } = result();
const by = { id, type: 'mark-ready', ref: { namespace: 'sei', name: 'other', uid: 'u', maxResultBytes: 2048 } };
const busy: TaskMemory = { podUID: 'p', failures: 1, dispatch: { kind: 'busy', by } };
const memoryOf = (task: TaskMemory, endedBlockers = new Set<string>()) => ({
  tasks: new Map([['a-task', task]]),
  endedBlockers,
  blockerEndedAt: undefined as number | undefined,
});
const viewOf = (blocker: NodeTask | undefined) => ({
  nodeTask: (key: string) => (key === 'sei/other' ? blocker : undefined),
});
const going = nodeTask(oneShot, runningStatus([row('sei-0', { result: result() })]));

test('what stands in the way and goes on is waited for', () => {
  assert.equal(blockerHasEnded(viewOf(going), memoryOf(busy), 0), false);
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
    assert.equal(blockerHasEnded(viewOf(blocker), memory, 0), true);
    assert.equal(blockerHasEnded(viewOf(blocker), memory, 5_000), false);
  }
});

test('a task that waits for nobody any more is forgotten', () => {
  const memory = memoryOf(accepted(), new Set([id]));
  assert.equal(blockerHasEnded(viewOf(going), memory, 0), false);
  assert.equal(memory.endedBlockers.size, 0);
});

test('an agent that names another one every time is tried once a second', () => {
  const memory = memoryOf(busy);
  let tries = 0;
  for (let now = 0; now < 10_000; now += 100) {
    memory.tasks.set('a-task', { ...busy, dispatch: { kind: 'busy', by: { ...by, id: `another-${now}` } } });
    if (blockerHasEnded(viewOf(undefined), memory, now)) tries += 1;
  }
  assert.equal(tries, 10);
});
