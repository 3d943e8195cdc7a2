import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { highestFenceAt, maxFence, silentLogger } from '@nodetask/shared';
import { HeldLease } from './held-lease.ts';
import { LeadershipLostError } from './leadership-lost-error.ts';
import { LeaseClient } from './lease-client.ts';
import { leastTransitions, type LeaseSpec, nextFence } from './lease.ts';
import { LeaseServer } from './testing/lease-server.ts';

const { signal } = new AbortController();
const fence = 7;

const setUp = async () => {
  const clock = new FakeClock();
  const server = new LeaseServer();
  let writes = 0;
  let pasts = 0;
  const client = new LeaseClient({
    transport: {
      request: async <T>(request: Parameters<LeaseServer['handle']>[0]) => {
        if (request.method === 'PUT') writes += 1;
        return Promise.resolve(server.handle(request) as T);
      },
      stream: async () => Promise.reject(new Error('not used')),
    },
    lease: { namespace: 'n', name: 'l' },
    identity: 'me',
    clock,
    leaseDurationMs: 15_000,
    onPast: () => {
      pasts += 1;
    },
  });
  const options = { client, identity: 'me', clock, logger: silentLogger, callMs: 5_000 };
  const held = new HeldLease(options, await client.take(undefined, fence, 5_000), fence);
  /** Somebody else writes to the Lease. */
  const edit = (spec: LeaseSpec): void => {
    const { lease } = server;
    server.handle({ method: 'PUT', path: '', verb: 'update', body: { ...lease, spec: { ...lease?.spec, ...spec } } });
  };
  const transitions = () => server.lease?.spec?.leaseTransitions;
  return { clock, server, held, edit, transitions, writes: () => writes, pasts: () => pasts };
};

test('a Lease whose leaseTransitions somebody has set back gets the fence of its holder again with the next renewal', async () => {
  const { held, edit, transitions } = await setUp();
  edit({ leaseTransitions: 2 });
  await held.renew(signal);
  assert.deepEqual([transitions(), held.value], [fence, fence]);
});

test('a fence rises above one that was seen, and the Lease with it', async () => {
  const { held, transitions } = await setUp();
  assert.equal(await held.raise(20, signal), true);
  assert.deepEqual([transitions(), held.value], [21, 21]);
  await held.renew(signal);
  assert.equal(transitions(), 21);
  await held.release();
  assert.equal(transitions(), 21);
});

test('many agents that have seen the same fence cost one write, and one that always names a higher one a write a second', async () => {
  const { clock, held, writes } = await setUp();
  await Promise.all(Array.from({ length: 100 }, async () => held.raise(20, signal)));
  assert.deepEqual([writes(), held.value], [1, 21]);
  const raising = (async () => {
    for (let seen = 21; seen < 31; seen += 1) await held.raise(seen, signal);
  })();
  await clock.advance(5_500);
  assert.equal(writes(), 6);
  await clock.advance(10_000);
  await raising;
});

test('no fence rises above what can be right at the time', async () => {
  const { clock, held, edit, transitions, writes } = await setUp();
  for (const seen of [highestFenceAt(clock.now()), maxFence]) assert.equal(await held.raise(seen, signal), false);
  assert.deepEqual([transitions(), held.value], [fence, fence]);
  // Each shows that this process still holds the Lease.
  assert.equal(writes(), 2);
  edit({ holderIdentity: 'another' });
  await assert.rejects(held.raise(maxFence, signal), LeadershipLostError);
});

test('whoever does not hold the Lease any more raises nothing, and learns that it leads no more', async () => {
  const taken = await setUp();
  taken.edit({ holderIdentity: 'another', leaseTransitions: 8 });
  const lost = { name: LeadershipLostError.name, message: 'leadership lost: the Lease is held by "another"' };
  await assert.rejects(taken.held.raise(8, signal), lost);
  await assert.rejects(taken.held.renew(signal), lost);
  assert.deepEqual([taken.transitions(), taken.held.value], [8, fence]);
  const deleted = await setUp();
  deleted.server.lease = undefined;
  await assert.rejects(deleted.held.raise(8, signal), /leadership lost: the Lease was deleted/);
});

test('the fence of the next leader is above that of the Lease and the seconds since 2020, whatever was put back', () => {
  const now = Date.UTC(2026, 10, 30);
  const seconds = leastTransitions(now);
  assert.equal(seconds, 218_160_000);
  assert.equal(nextFence(0, now), seconds + 1);
  assert.equal(nextFence(218_000_000, now), seconds + 1);
  assert.equal(nextFence(seconds + 500, now), seconds + 501);
});

test('a Lease whose resourceVersion goes back is one of the past, once', async () => {
  const { server, held, edit, pasts } = await setUp();
  const backup = structuredClone(server.lease);
  for (let renewal = 0; renewal < 5; renewal += 1) await held.renew(signal);
  assert.equal(pasts(), 0);
  // Somebody puts the data of etcd back, and with them the version that the next write gets.
  server.restore(backup);
  await held.renew(signal);
  await held.renew(signal);
  assert.equal(pasts(), 1);
  edit({});
  await held.renew(signal);
  assert.equal(pasts(), 1);
});
