import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import { at, gathered, oneShot, row, runningStatus, type Setup } from '../testing/fixtures.ts';

const spec = { ...oneShot, ttlSecondsAfterFinished: 60 };
const ended = runningStatus([row('sei-0', { phase: 'Succeeded' })], { phase: 'Succeeded', completedAt: at(10) });
const ask = (setup: Setup): Decision => decide(gathered({ spec, status: ended, ...setup }));

test('a finished NodeTask has one timer, for the end of its time', () => {
  const decision = ask({ seconds: 11 });
  assert.equal(decision.delete, undefined);
  assert.equal(decision.requeueAfterMs, 59_000);
});

test('it is deleted when that has come, without its finalizer', () => {
  const decision = ask({ seconds: 70, metadata: { finalizers: ['nodetask.dev/cancel'] } });
  assert.equal(decision.delete, true);
  assert.equal(decision.finalizer, 'remove');
  assert.equal(ask({ seconds: 1_000_000 }).delete, true, 'also where nobody was there in time');
});

test('0 seconds means at once, failed or cancelled as well', () => {
  for (const phase of ['Succeeded', 'Failed', 'Cancelled']) {
    const setup = { spec: { ...spec, ttlSecondsAfterFinished: 0 }, status: { ...ended, phase }, seconds: 10 };
    assert.equal(ask(setup).delete, true, phase);
  }
});

test('it stays without the field, and where the time is longer by now', () => {
  assert.equal(ask({ spec: oneShot, seconds: 1_000_000 }).delete, undefined);
  assert.equal(ask({ spec: { ...spec, ttlSecondsAfterFinished: 100 }, seconds: 70 }).requeueAfterMs, 40_000);
});

test('it stays while another waits for it, without a timer', () => {
  const decision = ask({ seconds: 70, awaitedBy: ['next'] });
  assert.equal(decision.delete, undefined);
  assert.equal(decision.requeueAfterMs, undefined);
});

test('it stays for another run', () => {
  assert.equal(ask({ spec: { ...spec, runID: '2' }, seconds: 70 }).delete, undefined);
});

test('what is being deleted already is not deleted again', () => {
  assert.equal(ask({ seconds: 70, metadata: { deletionTimestamp: at(60) } }).delete, undefined);
});
