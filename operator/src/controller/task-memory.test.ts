import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentPod, idOf, result } from './testing/fixtures.ts';
import { type AgentAnswer, type AgentCall, remember, type TaskMemory } from './task-memory.ts';

const call: AgentCall = { kind: 'read', pod: agentPod('sei-0'), taskID: idOf('sei-0') };
const told = (before: TaskMemory | undefined, answer: AgentAnswer, now: number, by: AgentCall = call): TaskMemory =>
  remember(before, by, answer, { now, generation: 3 });

test('pauses double up to 5 s and end with an answer', () => {
  let memory: TaskMemory | undefined;
  const pauses: number[] = [];
  for (let i = 0; i < 7; i++) {
    memory = told(memory, { kind: 'silent', message: 'no' }, 1000);
    pauses.push((memory.retryAt ?? 0) - 1000);
  }
  assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 5000, 5000]);
  memory = told(memory, { kind: 'accepted' }, 2000);
  assert.deepEqual(memory, { podUID: 'uid-of-sei-0', failures: 0, dispatch: { kind: 'accepted', at: 2000 } });
});

test('silence is remembered from its first moment on', () => {
  const first = told(undefined, { kind: 'silent', message: 'a' }, 1000);
  const second = told(first, { kind: 'silent', message: 'b' }, 9000);
  assert.deepEqual(second.silence, { since: 1000, message: 'b' });
});

test('a replaced pod begins anew, but for the silence', () => {
  const before = told(told(undefined, { kind: 'accepted' }, 1), { kind: 'silent', message: 'a' }, 2);
  const other: AgentCall = { ...call, pod: agentPod('sei-0', { uid: 'another' }) };
  const after = told(before, { kind: 'silent', message: 'b' }, 3, other);
  assert.equal(after.dispatch, undefined);
  assert.deepEqual(after.silence, { since: 2, message: 'b' });
  assert.equal(after.podUID, 'another');
});

test('an agent that does not know the task has never accepted it', () => {
  const accepted = told(told(undefined, { kind: 'accepted' }, 1), { kind: 'found', result: result() }, 2);
  const missing = told(accepted, { kind: 'missing' }, 3);
  assert.deepEqual(missing, { podUID: 'uid-of-sei-0', failures: 0, missing: true, readAt: 3 });
  assert.equal(told(missing, { kind: 'accepted' }, 4).missing, undefined);
});

test('an answer says what was known after so many restarts of the pod; silence says nothing', () => {
  const restarted: AgentCall = { ...call, pod: agentPod('sei-0', { restarts: 2 }) };
  const before = told(undefined, { kind: 'accepted' }, 1);
  assert.equal(told(before, { kind: 'silent', message: 'no' }, 2, restarted).restarts, undefined);
  const after = told(before, { kind: 'found', result: result() }, 2, restarted);
  assert.equal(after.restarts, 2);
  assert.equal(told(after, { kind: 'silent', message: 'no' }, 3, call).restarts, 2);
});

test('a refusal counts for the generation that was refused', () => {
  const memory = told(undefined, { kind: 'refused', code: 'invalid-params', message: 'no' }, 1);
  assert.deepEqual(memory.dispatch, { kind: 'refused', generation: 3, code: 'invalid-params', message: 'no' });
});
