import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { recordLog } from '../test/support/recording.ts';
import { ApiError } from './kube/api-error.ts';
import type { KubeRequest, KubeTransport } from './kube/kube-transport.ts';
import { takeFence } from './take-fence.ts';

const away = new ApiError('connect ECONNREFUSED', { code: 0, reason: 'NetworkError', retriable: true });
const forbidden = new ApiError('may not get leases', { code: 403, reason: 'Forbidden' });
const conflict = new ApiError('somebody was quicker', { code: 409, reason: 'Conflict' });

/** An API server that fails in the given ways, one after the other; that it takes Leases as this one does is tested in test/leadership.test.ts. */
const setUp = (failures: readonly (ApiError | undefined)[]) => {
  const calls: string[] = [];
  const left = [...failures];
  const transport: KubeTransport = {
    request: <T>({ method, body }: KubeRequest): Promise<T> => {
      calls.push(method);
      const failure = left.shift();
      if (failure !== undefined) return Promise.reject(failure);
      const metadata = { namespace: 'n', name: 'l', uid: 'u', resourceVersion: '1' };
      return Promise.resolve((body ?? { metadata, spec: { leaseTransitions: 2_000_000_000 } }) as T);
    },
    stream: () => Promise.reject(new Error('nobody watches')),
  };
  const clock = new FakeClock();
  const { logger, lines } = recordLog();
  const controller = new AbortController();
  const lease = { namespace: 'n', name: 'l' };
  const taken = takeFence({ transport, lease, identity: 'me', clock, random: () => 0, logger }, controller.signal);
  taken.catch(() => undefined);
  return { taken, calls, clock, lines, controller };
};

test('an API server that is away is waited for: the operator does not end by it', async () => {
  const { taken, calls, clock, lines } = setUp([away, undefined, away]);
  await clock.advance(500);
  await clock.advance(1_000);
  assert.equal((await taken).value, 2_000_000_001);
  assert.deepEqual(calls, ['GET', 'GET', 'PUT', 'GET', 'PUT']);
  assert.equal(lines.filter(({ message }) => message.startsWith('cannot take the Lease yet')).length, 2);
});

test('a stop ends the wait', async () => {
  const { taken, clock, controller } = setUp(Array.from({ length: 100 }, () => away));
  await clock.advance(60_000);
  controller.abort(new Error('asked to stop'));
  await assert.rejects(taken, /asked to stop/);
});

test('what does not pass ends it at once, and somebody who is always quicker in the end', async () => {
  const refused = setUp([forbidden]);
  await assert.rejects(refused.taken, forbidden);
  assert.deepEqual(refused.calls, ['GET']);
  const late = setUp(Array.from({ length: 100 }, (_, call) => (call % 2 === 0 ? undefined : conflict)));
  await assert.rejects(late.taken, conflict);
  assert.equal(late.calls.length, 20);
});
