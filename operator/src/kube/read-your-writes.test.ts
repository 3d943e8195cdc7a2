import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import type { KubeObject } from './kube-object.ts';
import { ReadYourWrites } from './read-your-writes.ts';

const version = (resourceVersion: string): KubeObject => ({ metadata: { name: 'a', uid: 'u', resourceVersion } });

const setUp = (): { clock: FakeClock; cached: Map<string, string>; writes: ReadYourWrites } => {
  const clock = new FakeClock();
  const cached = new Map<string, string>([['a', '1']]);
  const writes = new ReadYourWrites({ clock, current: (key) => cached.get(key) });
  return { clock, cached, writes };
};

test('a written key rests until the cache has exactly that version', async () => {
  const { clock, writes } = setUp();
  await writes.track('a', () => Promise.resolve(version('5')));
  assert.equal(writes.holdMs('a'), 5000);
  await clock.advance(1000);
  writes.observe('a', '4');
  assert.equal(writes.holdMs('a'), 4000);
  writes.observe('a', '5');
  assert.equal(writes.holdMs('a'), 0);
});

test('it rests 5 s at most', async () => {
  const { clock, writes } = setUp();
  await writes.track('a', () => Promise.resolve(version('5')));
  await clock.advance(5000);
  assert.equal(writes.holdMs('a'), 0);
});

test('an event that overtakes the answer counts, even when others followed it', async () => {
  const { writes } = setUp();
  await writes.track('a', () => {
    writes.observe('a', '5');
    writes.observe('a', '6');
    return Promise.resolve(version('5'));
  });
  assert.equal(writes.holdMs('a'), 0);
});

test('a write that changed nothing holds nothing', async () => {
  const { writes } = setUp();
  await writes.track('a', () => Promise.resolve(version('1')));
  assert.equal(writes.holdMs('a'), 0);
});

test('neither does a failed one, nor one whose object is gone', async () => {
  const { writes } = setUp();
  await assert.rejects(writes.track('a', () => Promise.reject(new Error('no'))));
  assert.equal(writes.holdMs('a'), 0);
  await writes.track('a', () => Promise.resolve(version('5')));
  writes.observe('a', undefined);
  assert.equal(writes.holdMs('a'), 0);
});
