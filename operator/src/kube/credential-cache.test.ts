import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { recordLog } from '../../test/support/recording.ts';
import { ApiError } from './api-error.ts';
import type { Credentials } from './cluster-access.ts';
import { CredentialCache } from './credential-cache.ts';

const setUp = (read: (fresh: boolean, reads: number) => Promise<Credentials>) => {
  const clock = new FakeClock();
  const { logger, lines } = recordLog();
  const reads: boolean[] = [];
  const cache = new CredentialCache({
    clock,
    logger,
    access: {
      server: 'https://example.test',
      readCredentials: async (fresh) => {
        reads.push(fresh);
        return read(fresh, reads.length);
      },
    },
  });
  return { clock, cache, reads, lines };
};

const credentials = (token: string): Credentials => ({ headers: { authorization: token }, tls: {} });

test('rule 2: read again after 60 s and at once on a 401, by all callers together once', async () => {
  const { clock, cache, reads } = setUp((_, count) => Promise.resolve(credentials(String(count))));
  const [first, same] = await Promise.all([cache.get(), cache.get()]);
  assert.equal(first, same);
  await clock.advance(60_000);
  assert.equal(await cache.get(), first);
  await clock.advance(1);
  const second = await cache.get();
  assert.deepEqual(reads, [false, false]);
  const [third, third2] = await Promise.all([cache.replace(second), cache.replace(second)]);
  assert.equal(third, third2);
  assert.deepEqual(reads, [false, false, true]);
  assert.equal(await cache.replace(second), third, 'somebody has replaced them already');
  assert.equal(reads.length, 3);
});

test('rule 2: old ones are used while new ones cannot be read; without any, that is the error', async () => {
  let broken = true;
  const { clock, cache, lines } = setUp((_, count) =>
    broken ? Promise.reject(new Error('ENOENT: token')) : Promise.resolve(credentials(String(count))),
  );
  await assert.rejects(
    cache.get(),
    (error) =>
      error instanceof ApiError && error.reason === 'NoCredentials' && error.retriable && /ENOENT/.test(error.message),
  );
  broken = false;
  const first = await cache.get();
  broken = true;
  await clock.advance(61_000);
  assert.equal(await cache.get(), first);
  assert.equal(lines.length, 1);
  await assert.rejects(cache.replace(first), ApiError);
  broken = false;
  assert.notEqual(await cache.get(), first);
});

test('rule 2: a plugin that hangs is given up after 30 s', async () => {
  const { clock, cache } = setUp(async () => new Promise(() => undefined));
  const failed = assert.rejects(cache.get(), /no credentials after 30000 ms/);
  await clock.advance(30_000);
  await failed;
});
