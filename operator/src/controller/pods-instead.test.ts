import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesLike } from './pods-instead.ts';
import { agentPod } from './testing/fixtures.ts';

test('of the pods that are there, those come first that are called like the one that is not', () => {
  const pods = ['atlantic-0', 'sei-rpc-1', 'sei-validator-0', 'sei-rpc-0'].map((name) => agentPod(name));
  assert.deepEqual(namesLike('sei-rpc-9', pods), ['sei-rpc-0', 'sei-rpc-1', 'sei-validator-0', 'atlantic-0']);
});

test('a pod that can run nothing is not among them', () => {
  assert.deepEqual(namesLike('sei-9', [{ ...agentPod('sei-0'), ended: true }, agentPod('sei-1')]), ['sei-1']);
});
