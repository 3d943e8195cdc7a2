import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { failureOf } from './failure.ts';

const textOf = (error: unknown): string => failureOf('a-task', error).text;

test('a message without advice gets that of the registry', () => {
  assert.equal(
    textOf(new TaskError('chain-mismatch', 'the genesis is of "a", and chainId is b')),
    'a-task: the genesis is of "a", and chainId is b: Check the source and chainId.',
  );
  assert.equal(textOf(new Error('boom.')), "a-task: boom: Read the message and the agent's log.");
});

test('a message that ends with advice keeps its own, and is not followed by another', () => {
  for (const message of [
    'the genesis is of "a", and chainId is b; nothing was changed. Check the source',
    'https://x.invalid: getaddrinfo ENOTFOUND: check the address and the network',
    '/sei/config does not exist: create it first, for instance with a config-apply task',
    'the file has persistent-peers and persistent_peers: name one of them',
  ]) {
    assert.equal(textOf(new TaskError('chain-mismatch', message)), `a-task: ${message}`);
  }
});
