import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTask } from '@nodetask/shared';
import { askedAt } from './asked-at.ts';
import { nodeTask as fixture, oneShot, start as created } from './testing/fixtures.ts';

const nodeTask = (runID: string | undefined, status: NodeTask['status']): NodeTask =>
  fixture(runID === undefined ? oneShot : { ...oneShot, runID }, status);

test('a new NodeTask was asked for when it was heard of, whose clock is finer than its creation time', () => {
  assert.equal(askedAt(nodeTask(undefined, { observedGeneration: -1 }), created + 700), created + 700);
});

test('one from before this process was asked for when it was created', () => {
  assert.equal(askedAt(nodeTask('1', { observedGeneration: -1 }), created + 60_000), created);
  assert.equal(askedAt(nodeTask(undefined, { observedGeneration: 1, phase: 'Running' }), created + 60_000), created);
});

test('another run was asked for when its runID was heard of; where it had begun before, nobody knows', () => {
  assert.equal(askedAt(nodeTask('2', { observedGeneration: 1, runID: '1' }), created + 60_000), created + 60_000);
  assert.equal(askedAt(nodeTask('2', { observedGeneration: 1, runID: '2' }), created + 60_000), undefined);
});
