import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { LeaseObservation } from './lease-observation.ts';
import type { Lease, LeaseSpec } from './lease.ts';

const lease = (spec: LeaseSpec, resourceVersion = '1'): Lease => ({
  metadata: { name: 'l', namespace: 'n', uid: 'u', resourceVersion },
  spec,
});

test('a held Lease may be taken when this process has not seen it change for its duration, whatever its times say', async () => {
  const clock = new FakeClock();
  const observation = new LeaseObservation(clock, 15_000);
  const held = { holderIdentity: 'other', leaseDurationSeconds: 15, renewTime: '1999-01-01T00:00:00.000000Z' };
  observation.see(lease(held));
  assert.ok(!observation.mayBeTakenBy('me'));
  await clock.advance(15_000);
  assert.ok(!observation.mayBeTakenBy('me'));
  clock.jump(1e9);
  assert.ok(!observation.mayBeTakenBy('me'), 'the wall clock does not count');
  await clock.advance(1);
  assert.ok(observation.mayBeTakenBy('me'));
  observation.see(lease(held, '2'));
  assert.ok(observation.mayBeTakenBy('me'), 'an annotation is no renewal');
  observation.see(lease({ ...held, renewTime: '1999-01-01T00:00:02.000000Z' }, '3'));
  assert.ok(!observation.mayBeTakenBy('me'));
});

test('no holder, or what an own lost acquisition left, may be taken at once', () => {
  const observation = new LeaseObservation(new FakeClock(), 15_000);
  observation.see(undefined);
  assert.ok(observation.mayBeTakenBy('me'));
  for (const spec of [{}, { holderIdentity: '' }, { holderIdentity: 'me', leaseDurationSeconds: 15 }]) {
    observation.see(lease(spec));
    assert.ok(observation.mayBeTakenBy('me'));
  }
});

test('the next fence is above all that were seen, even when the Lease was deleted', () => {
  const observation = new LeaseObservation(new FakeClock(), 15_000);
  observation.see(lease({ leaseTransitions: 2_000_000_000 }));
  assert.equal(observation.nextTransitions, 2_000_000_001);
  observation.see(undefined);
  assert.equal(observation.nextTransitions, 2_000_000_001);
});

test('the fence of a new Lease is above those of all Leases before it, which this process never saw', async () => {
  const clock = new FakeClock();
  const first = new LeaseObservation(clock, 15_000);
  first.see(undefined);
  const former = first.nextTransitions;
  // Others led after it, and the Lease was deleted with the rest of the installation.
  await clock.advance(10_000);
  const second = new LeaseObservation(clock, 15_000);
  second.see(lease({ leaseTransitions: former + 50 }));
  assert.equal(second.nextTransitions, former + 51, 'a Lease that is there is counted on');
  second.see(undefined);
  const third = new LeaseObservation(clock, 15_000);
  third.see(undefined);
  assert.ok(third.nextTransitions > former + 9);
  assert.ok(third.nextTransitions < 2 ** 31, 'leaseTransitions is an int32');
});
