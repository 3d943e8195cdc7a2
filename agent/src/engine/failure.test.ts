import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { failureOf } from './failure.ts';

const textOf = (error: unknown): string => failureOf(error).text;

test('a message without advice gets that of the registry', () => {
  assert.equal(
    textOf(new TaskError('chain-mismatch', 'the genesis is of "a", and chainId is b')),
    'the genesis is of "a", and chainId is b. Check the source and chainId',
  );
  assert.equal(textOf(new Error('boom.')), "boom. Read the message and the agent's log");
});

test('a message that ends with advice keeps its own, and is not followed by another', () => {
  const texts = {
    'the genesis is of "a", and chainId is b; nothing was changed. Check the source':
      'the genesis is of "a", and chainId is b; nothing was changed. Check the source',
    '/sei/config does not exist: create it first, for instance with a config-apply task':
      '/sei/config does not exist. Create it first, for instance with a config-apply task',
    'the file has persistent-peers and persistent_peers: name one of them':
      'the file has persistent-peers and persistent_peers. Name one of them',
  };
  for (const [message, text] of Object.entries(texts))
    assert.equal(textOf(new TaskError('file-invalid', message)), text);
});

test('a text that no end was put to stays within its bound', () => {
  assert.equal(textOf(new Error('x'.repeat(10_000))).length, 4096);
});
