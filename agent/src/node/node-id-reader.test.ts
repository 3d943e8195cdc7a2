import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { FakeClock } from '@nodetask/runtime/testing';
import { TaskError } from '@nodetask/shared';
import { nodeHome } from './node-home.ts';
import { nodeIdReader } from './node-id-reader.ts';

const home = nodeHome('/nowhere');
const id = '0123456789'.repeat(4);

test('callers that ask while the key is read share one read, and the next caller reads anew', async () => {
  let reads = 0;
  let reading = Promise.withResolvers<string>();
  const read = (): Promise<string> => {
    reads++;
    return reading.promise;
  };
  const readId = nodeIdReader(home, { clock: systemClock, read });
  const calls = Array.from({ length: 50 }, () => readId());
  reading.resolve(id);
  assert.deepEqual(new Set(await Promise.all(calls)), new Set([id]));
  assert.equal(reads, 1);
  reading = Promise.withResolvers();
  reading.resolve('f'.repeat(40));
  assert.equal(await readId(), 'f'.repeat(40));
  assert.equal(reads, 2);
});

test('nobody waits for a volume that hangs, and one read is on its way to it', async () => {
  const clock = new FakeClock();
  let reads = 0;
  const read = (): Promise<string> => {
    reads++;
    return new Promise(() => undefined);
  };
  const readId = nodeIdReader(home, { clock, read });
  for (let call = 0; call < 3; call++) {
    const answer = assert.rejects(readId(), {
      code: 'node-key-invalid',
      retriable: true,
      message: /not read within 3 s: look at the volume/,
    });
    await clock.advance(3_000);
    await answer;
  }
  assert.equal(reads, 1);
});

const failing = (code: 'file-io' | 'file-invalid') => () => Promise.reject(new TaskError(code, 'the reason'));
const readerOf = (read: () => Promise<string | undefined>) => nodeIdReader(home, { clock: systemClock, read });

test('the answer tells if the key is missing or wrong, and if it helps to ask again', async () => {
  await assert.rejects(readerOf(() => Promise.resolve(undefined))(), { code: 'node-key-missing', retriable: true });
  await assert.rejects(readerOf(failing('file-io'))(), {
    code: 'node-key-invalid',
    retriable: true,
    message: 'the reason',
  });
  await assert.rejects(readerOf(failing('file-invalid'))(), { code: 'node-key-invalid', retriable: false });
  const fault = new Error('a fault of the program');
  await assert.rejects(readerOf(() => Promise.reject(fault))(), fault);
});
