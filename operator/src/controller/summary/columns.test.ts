import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneShot } from '../testing/fixtures.ts';
import { targetColumn } from './columns.ts';

const columnOf = (target: typeof oneShot.target): string | undefined => targetColumn({ ...oneShot, target }).target;

test('the column TARGET is the name of the pod, cut in the middle where it is long', () => {
  assert.equal(columnOf({ podName: 'sei-rpc-0' }), 'sei-rpc-0');
  assert.equal(columnOf({ podName: 'archive-node-12' }), 'archive…-12');
});

test('the column TARGET of a selector has its labels, without their prefixes', () => {
  assert.equal(columnOf({ selector: { matchLabels: { 'app.kubernetes.io/name': 'sei' } } }), 'name=sei');
  assert.equal(columnOf({ selector: { matchExpressions: [{ key: 'sei', operator: 'Exists' }] } }), 'sei Exists');
});
