import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder } from './in-order.ts';

const pods = ['sei-10', 'rpc-1', 'sei-2', 'archive', 'sei-9', 'rpc-0', 'sei-02b'];

test('by name', () => {
  assert.deepEqual(inOrder(pods, 'Name'), ['archive', 'rpc-0', 'rpc-1', 'sei-02b', 'sei-10', 'sei-2', 'sei-9']);
});

test('by StatefulSet, and in each by ordinal', () => {
  assert.deepEqual(inOrder(pods, 'Ordinal'), ['archive', 'rpc-0', 'rpc-1', 'sei-2', 'sei-9', 'sei-10', 'sei-02b']);
});
