import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { nodeTask as fixture, oneShot, start } from '../controller/testing/fixtures.ts';
import { stuckReason } from './stuck-reason.ts';

const iso = (ms: number): string => new Date(start + ms).toISOString();

const nodeTask = (status: NodeTask['status'], changes: Partial<NodeTask['metadata']> = {}): NodeTask =>
  fixture({ ...oneShot, timeoutSeconds: 600 }, status, changes);

const running = {
  observedGeneration: 1,
  phase: 'Running',
  targets: [{ pod: 'sei-0', phase: 'Running', startedAt: iso(0) }],
};

for (const [what, object, notYet, reason] of [
  ['nobody has looked at', nodeTask({ observedGeneration: -1 }), 60_000, 'unseen'],
  ['has run longer than its timeout allows', nodeTask(running), 690_000, 'overdue'],
  ['was deleted and is still there', nodeTask(running, { deletionTimestamp: iso(0) }), 90_000, 'deleting'],
] as const) {
  test(`a NodeTask that ${what} is stuck, but not at once`, () => {
    assert.equal(stuckReason(object, start + notYet), undefined);
    assert.equal(stuckReason(object, start + notYet + 1), reason);
  });
}

test('a stalled NodeTask is stuck until it has ended', () => {
  const condition = { type: 'Stalled', status: 'True', lastTransitionTime: iso(0), reason: 'X', message: '' } as const;
  assert.equal(stuckReason(nodeTask({ observedGeneration: 1, conditions: [condition] }), start), 'stalled');
  const ended = nodeTask({ observedGeneration: 1, phase: 'Failed', conditions: [condition] });
  assert.equal(stuckReason(ended, start), undefined);
});

for (const [reason, stuck] of [
  ['CannotReport', 'cannot-report'],
  ['UploadTooOld', 'upload-too-old'],
  ['DaemonStalled', 'daemon-stalled'],
  ['DaemonRetrying', undefined],
] as const) {
  test(`a NodeTask that is not ended and has the reason ${reason} is ${stuck ?? 'not'} stuck`, () => {
    const ready = { type: 'Ready', status: 'False', lastTransitionTime: iso(0), reason, message: '' } as const;
    assert.equal(stuckReason(nodeTask({ observedGeneration: 1, conditions: [ready] }), start), stuck);
  });
}
