import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { abortable, withDeadline } from './deadline.ts';

const untilAborted = async (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('what the work made of it'));
    });
  });

test('the result comes through and the timer is gone', async () => {
  const clock = new FakeClock();
  const options = { clock, timeoutMs: 1000, timeoutError: () => new Error('too late') };
  assert.equal(await withDeadline(options, () => Promise.resolve(7)), 7);
  assert.equal(clock.pendingTimers, 0);
});

test('after the time the cause is thrown, not what the work made of it', async () => {
  const clock = new FakeClock();
  const options = { clock, timeoutMs: 1000, timeoutError: () => new Error('too late') };
  const failed = assert.rejects(withDeadline(options, untilAborted), /too late/);
  await clock.advance(1000);
  await failed;
});

test("the caller's abort ends the work with its reason", async () => {
  const clock = new FakeClock();
  const caller = new AbortController();
  const options = { clock, timeoutMs: 1000, signal: caller.signal, timeoutError: () => new Error('too late') };
  const failed = assert.rejects(withDeadline(options, untilAborted), /enough/);
  caller.abort(new Error('enough'));
  await failed;
  assert.equal(clock.pendingTimers, 0);
  await assert.rejects(withDeadline(options, untilAborted), /enough/, 'aborted before it began');
});

test('an error before any abort is the error of the work', async () => {
  const options = { clock: new FakeClock(), timeoutMs: 1000, timeoutError: () => new Error('too late') };
  await assert.rejects(
    withDeadline(options, () => Promise.reject(new Error('own fault'))),
    /own fault/,
  );
});

test('abortable leaves a promise that does not end', async () => {
  const controller = new AbortController();
  const never = new Promise<void>(() => undefined);
  const failed = assert.rejects(abortable(never, controller.signal), /enough/);
  controller.abort(new Error('enough'));
  await failed;
  await assert.rejects(abortable(never, controller.signal), /enough/);
});
