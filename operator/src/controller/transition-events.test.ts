import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeTaskStatus } from '@nodetask/shared';
import { conditionsFor } from './summary/conditions.ts';
import { start } from './testing/fixtures.ts';
import { transitionEvents } from './transition-events.ts';

const statusWith = (situation: Parameters<typeof conditionsFor>[0]): NodeTaskStatus => ({
  observedGeneration: 1,
  phase: situation.phase,
  conditions: conditionsFor(situation, [], 1, start),
});
const stalled = (message: string): NodeTaskStatus =>
  statusWith({ standing: 'stalled', phase: 'Pending', reason: 'Rejected', message });
const notes = (before: NodeTaskStatus, after: NodeTaskStatus): readonly string[] =>
  transitionEvents(before, after).map(({ reason, note }) => `${reason}: ${note}`);

const waits = (reason: 'NoAgent' | 'AgentUnreachable', message: string): readonly string[] =>
  notes({}, statusWith({ standing: 'progressing', phase: 'Pending', reason, message }));

test('what cannot go on is an event, once for each cause', () => {
  const first = stalled('stalled on sei-0: invalid schedule: minute "61"');
  assert.deepEqual(notes({}, first), [
    'Failed: Stalled on sei-0: invalid schedule: minute "61". It goes on by itself once that is corrected.',
  ]);
  assert.deepEqual(notes(first, first), []);
  assert.equal(notes(first, stalled('stalled on sei-0: invalid schedule: minute "62"')).length, 1);
});

test('an agent out of reach is one event, with advice that fits', () => {
  assert.deepEqual(waits('AgentUnreachable', 'the agent of pod sei-0 does not answer'), [
    'AgentUnreachable: The agent of pod sei-0 does not answer. Check that the agent runs and that the operator may reach its port.',
  ]);
  assert.deepEqual(waits('NoAgent', 'pod sei-0 lacks the label: add it'), [
    'AgentUnreachable: Pod sei-0 lacks the label: add it.',
  ]);
});
