import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockedKeys } from './blocked-keys.ts';

test('the first that waited is next, and the others wait for it', () => {
  const blocked = new BlockedKeys();
  for (const key of ['b', 'c', 'd']) blocked.wait(key, 'a');
  assert.equal(blocked.next('a'), 'b');
  assert.equal(blocked.next('a'), undefined);
  assert.equal(blocked.next('b'), 'c');
  assert.equal(blocked.next('c'), 'd');
  assert.equal(blocked.next('d'), undefined);
});

test('a key waits for one blocker, keeps its place, and may leave', () => {
  const blocked = new BlockedKeys();
  assert.equal(blocked.wait('b', 'a'), true);
  blocked.wait('c', 'a');
  assert.equal(blocked.wait('b', 'a'), false);
  blocked.wait('c', 'x');
  assert.equal(blocked.isAwaited('x'), true);
  assert.equal(blocked.next('a'), 'b');
  blocked.forget('c');
  assert.equal(blocked.isAwaited('x'), false);
});
