import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { silentLogger } from '@nodetask/shared';
import { holdsLease } from './holds-lease.ts';
import { ApiError } from './kube/api-error.ts';
import type { KubeTransport } from './kube/kube-transport.ts';
import type { Lease } from './kube/lease.ts';

const identity = 'nodetask-operator_1';
const { signal } = new AbortController();

/** What the Lease says now: its spec, none, or an error instead. */
const setUp = (says: Lease['spec'] | 'no Lease' | ApiError) => {
  const clock = new FakeClock();
  let reads = 0;
  const transport: KubeTransport = {
    request: async <T>() => {
      reads += 1;
      if (says instanceof ApiError) throw says;
      if (says === 'no Lease') throw new ApiError('GET: 404', { code: 404, reason: 'NotFound' });
      return { metadata: { name: 'l', uid: 'u', resourceVersion: '1' }, spec: says } as T;
    },
    stream: async () => Promise.reject(new Error('nothing is watched here')),
  };
  const lease = { namespace: 'nodetask-system', name: 'nodetask-operator' };
  const leads = holdsLease({ transport, lease, identity, fence: 3, clock, logger: silentLogger });
  return { clock, leads, reads: () => reads };
};

test('the Lease says it: same holder, same fence', async () => {
  const cases = [
    [{ holderIdentity: identity, leaseTransitions: 3 }, true],
    [{ holderIdentity: 'nodetask-operator_2', leaseTransitions: 4 }, false],
    [{ holderIdentity: identity, leaseTransitions: 4 }, false],
    [{ holderIdentity: '', leaseTransitions: 3 }, false],
    ['no Lease', false],
  ] as const;
  for (const [says, expected] of cases) assert.equal(await setUp(says).leads(signal), expected, JSON.stringify(says));
});

test('an API server that does not answer ends nobody: the Lease runs out by itself', async () => {
  const { leads } = setUp(new ApiError('GET: timeout', { code: 0, reason: 'Timeout' }));
  assert.equal(await leads(signal), true);
});

test('who asks in a hurry does not make the operator ask', async () => {
  const { clock, leads, reads } = setUp({ holderIdentity: identity, leaseTransitions: 3 });
  await Promise.all(Array.from({ length: 100 }, async () => leads(signal)));
  assert.equal(reads(), 1);
  await clock.advance(999);
  await leads(signal);
  assert.equal(reads(), 1);
  await clock.advance(1);
  await leads(signal);
  assert.equal(reads(), 2);
});
