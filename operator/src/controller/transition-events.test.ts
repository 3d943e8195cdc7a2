import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTaskStatus } from '@nodetask/shared';
import { outOfReach } from './reasons.ts';
import { conditionsFor } from './summary/conditions.ts';
import { start } from './testing/fixtures.ts';
import { transitionEvents } from './transition-events.ts';

const statusWith = (situation: Parameters<typeof conditionsFor>[0]): NodeTaskStatus => ({
  observedGeneration: 1,
  phase: situation.phase,
  conditions: conditionsFor(situation, [], 1, start),
});
const unreachable = (standing: 'progressing' | 'stalled', message: string): NodeTaskStatus =>
  statusWith({ standing, phase: 'Pending', reason: 'AgentUnreachable', message });
const stalled = (message: string): NodeTaskStatus =>
  statusWith({ standing: 'stalled', phase: 'Stalled', reason: 'Rejected', message });
const notes = (before: NodeTaskStatus, after: NodeTaskStatus): readonly string[] =>
  transitionEvents(before, after).map(({ reason, note }) => `${reason}: ${note}`);

const waits = (reason: keyof typeof outOfReach, message: string): readonly string[] =>
  notes({}, statusWith({ standing: 'progressing', phase: 'Pending', reason, message }));

test('what cannot go on is an event, once for each cause', () => {
  const first = stalled('stalled on sei-0: invalid schedule: minute "61"');
  assert.deepEqual(notes({}, first), [
    'Rejected: Stalled on sei-0: invalid schedule: minute "61". It goes on by itself once that is corrected.',
  ]);
  assert.deepEqual(notes(first, first), []);
  assert.equal(notes(first, stalled('stalled on sei-0: invalid schedule: minute "62"')).length, 1);
});

test('an agent out of reach is one event, with the reason of the condition', () => {
  for (const reason of Object.keys(outOfReach) as (keyof typeof outOfReach)[]) {
    assert.deepEqual(waits(reason, 'pod sei-0 lacks something: add it'), [
      `${reason}: Pod sei-0 lacks something: add it.`,
    ]);
  }
});

test('an agent out of reach is told of again when its task stalls, and not with each call', () => {
  const waiting = unreachable('progressing', 'no connection');
  assert.deepEqual(notes(waiting, unreachable('progressing', 'it refuses the connection')), []);
  assert.deepEqual(notes(waiting, unreachable('stalled', 'stalled on sei-0: no connection')), [
    'AgentUnreachable: Stalled on sei-0: no connection. It goes on by itself once that is corrected.',
  ]);
  assert.deepEqual(
    notes(unreachable('stalled', 'no connection'), unreachable('stalled', 'it refuses the connection')),
    [],
  );
});

test('what goes on in vain is one Warning event for each stretch of it', () => {
  for (const reason of ['CannotReport', 'UploadTooOld', 'DaemonRetrying', 'DaemonStalled'] as const) {
    const status = statusWith({
      standing: 'progressing',
      phase: 'Running',
      reason,
      message: 'no advance on sei-0: boom',
    });
    assert.deepEqual(notes({}, status), [`${reason}: No advance on sei-0: boom.`]);
    assert.deepEqual(notes(status, status), []);
  }
});

test('a skipped run of a schedule is a Warning event of its own reason', () => {
  const message = 'run 2 was skipped on sei-0: 1 snapshot on disk, 2 are needed';
  const status = statusWith({
    standing: 'ready',
    phase: 'Scheduled',
    reason: 'RunSkipped',
    message,
    lastRun: { reason: 'RunSkipped', message },
  });
  assert.deepEqual(
    transitionEvents({}, status).map(({ type, reason }) => `${type} ${reason}`),
    ['Warning RunSkipped'],
  );
});
