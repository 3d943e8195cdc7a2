import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { BlockedKeys } from './blocked-keys.ts';
import { noteBlocker } from './note-blocker.ts';
import { accepted, nodeTask, oneShot, row, runningStatus } from './testing/fixtures.ts';

const by = {
  id: 'f3c1b7de-1111-4222-8333-444455556666',
  type: 'mark-ready',
  ref: { namespace: 'sei', name: 'other', uid: 'u', maxResultBytes: 2048 },
};
const busy = { tasks: new Map([['a-task', { podUID: 'p', failures: 1, dispatch: { kind: 'busy', by } as const }]]) };
const viewOf = (blocker: NodeTask | undefined) => ({
  nodeTask: (key: string) => (key === 'sei/other' ? blocker : undefined),
});
const going = nodeTask(oneShot, runningStatus([row('sei-0')]));
const ended = nodeTask(oneShot, { observedGeneration: 1, phase: 'Succeeded' });

test('what stands in the way and goes on is waited for', () => {
  const blocked = new BlockedKeys();
  assert.equal(noteBlocker(blocked, viewOf(going), 'sei/job', busy), false);
  assert.equal(blocked.next('sei/other'), 'sei/job');
});

test('what has ended between the answer of the agent and now is not waited for, but for once only', () => {
  for (const blocker of [ended, undefined]) {
    const blocked = new BlockedKeys();
    assert.equal(noteBlocker(blocked, viewOf(blocker), 'sei/job', busy), true);
    assert.equal(noteBlocker(blocked, viewOf(blocker), 'sei/job', busy), false);
  }
});

test('a NodeTask that waits for nobody any more is taken off', () => {
  const blocked = new BlockedKeys();
  blocked.wait('sei/job', 'sei/other');
  assert.equal(noteBlocker(blocked, viewOf(going), 'sei/job', { tasks: new Map([['a-task', accepted()]]) }), false);
  assert.equal(blocked.isAwaited('sei/other'), false);
});
