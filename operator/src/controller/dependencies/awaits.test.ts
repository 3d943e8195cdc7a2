import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, nodeTask, oneShot, row, runningStatus } from '../testing/fixtures.ts';
import { awaitsDependencies, released } from './awaits.ts';

const spec = { ...oneShot, dependsOn: ['a', 'b'] };
const waiting = nodeTask(spec);
const begun = nodeTask(spec, runningStatus([row('sei-0')]));

test('what depends on others needs them until it begins, ends or goes', () => {
  assert.equal(awaitsDependencies(waiting), true);
  assert.equal(awaitsDependencies(begun), false);
  assert.equal(awaitsDependencies(nodeTask(spec, { observedGeneration: 1, phase: 'Failed' })), false);
  assert.equal(awaitsDependencies(nodeTask(spec, undefined, { deletionTimestamp: at(0) })), false);
  assert.equal(awaitsDependencies(nodeTask(oneShot)), false);
  assert.equal(awaitsDependencies(nodeTask({ ...spec, runID: '2' }, begun.status)), true, 'a run anew needs them anew');
});

test('then it releases them, and so it does with those that it no longer names', () => {
  assert.deepEqual(released(waiting, begun), ['a', 'b']);
  assert.deepEqual(released(waiting, undefined), ['a', 'b']);
  assert.deepEqual(released(waiting, nodeTask({ ...spec, dependsOn: ['b'] })), ['a']);
  assert.deepEqual(released(waiting, waiting), []);
  assert.deepEqual(released(begun, undefined), []);
  assert.deepEqual(released(undefined, waiting), []);
});
