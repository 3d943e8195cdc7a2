import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import { lostFence, RisingFence } from '../kube/testing/fences.ts';
import type { Fence } from '../kube/held-lease.ts';
import { AgentCaller } from './agent-caller.ts';
import type { AgentAnswer, AgentCall } from './task-memory.ts';
import { agentPod, idOf } from './testing/fixtures.ts';
import { patienceMs } from './timing.ts';

const callTo = (pod: string): AgentCall => ({ kind: 'remove', pod: agentPod(pod), taskID: idOf(pod) });

const never = async (): Promise<never> => Promise.reject(new Error('not called here'));

/** A caller of agents that answer when a test says so. */
const setUp = (fence: Fence = new RisingFence(3)) => {
  const clock = new FakeClock();
  const waiting = new Map<string, PromiseWithResolvers<{ stopped: true }>>();
  const remove: AgentCalls['remove'] = async (pod, _, signal) => {
    const answer = Promise.withResolvers<{ stopped: true }>();
    waiting.set(pod.metadata.name, answer);
    signal.addEventListener('abort', () => {
      answer.reject(signal.reason as Error);
    });
    return answer.promise;
  };
  const log: string[] = [];
  const caller = new AgentCaller({
    clock,
    fence,
    onFault: (error, nodeTask) => log.push(`fault of ${nodeTask}: ${String(error)}`),
  });
  const call = (pod: string): Promise<void> => {
    const said = (answer: AgentAnswer | undefined): string => `${pod} ${answer?.kind ?? 'without an answer'}`;
    return caller
      .call(callTo(pod), {
        agents: { submit: never, read: never, reschedule: never, remove },
        nodeTask: `sei/${pod}`,
        done: (answer) => log.push(said(answer)),
        late: () => log.push(`${pod} late`),
      })
      .then(
        () => void log.push(`${pod} returned`),
        (error: unknown) => void log.push(`${pod} threw ${String(error)}`),
      );
  };
  const of = (pod: string): PromiseWithResolvers<{ stopped: true }> => {
    const answer = waiting.get(pod);
    assert.ok(answer, `${pod} was called`);
    return answer;
  };
  return { clock, caller, log, call, of };
};

test('an answer within patience is there when the call returns', async () => {
  const { clock, log, call, of } = setUp();
  const calling = call('a');
  of('a').resolve({ stopped: true });
  await calling;
  assert.deepEqual(log, ['a stopped', 'a returned']);
  assert.equal(clock.pendingTimers, 0);
});

test('a slow agent is not waited for: its answer comes late', async () => {
  const { clock, log, call, of } = setUp();
  const calling = call('slow');
  await clock.advance(patienceMs - 1);
  assert.deepEqual(log, []);
  await clock.advance(1);
  await calling;
  assert.deepEqual(log, ['slow returned']);
  of('slow').resolve({ stopped: true });
  await clock.advance(0);
  assert.deepEqual(log, ['slow returned', 'slow stopped', 'slow late']);
});

test('and not a second time, until it has answered in time; others are', async () => {
  const { clock, log, call, of } = setUp();
  const first = call('slow');
  await clock.advance(patienceMs + 1);
  await first;
  await call('slow');
  assert.deepEqual(log, ['slow returned', 'slow returned']);
  const other = call('quick');
  await clock.advance(patienceMs - 1);
  of('quick').resolve({ stopped: true });
  await other;
  assert.deepEqual(log.splice(0).slice(2), ['quick stopped', 'quick returned']);
  of('slow').resolve({ stopped: true });
  await clock.advance(0);
  assert.deepEqual(log.splice(0), ['slow stopped', 'slow late']);
  const again = call('slow');
  await clock.advance(patienceMs - 1);
  of('slow').resolve({ stopped: true });
  await again;
  assert.deepEqual(log, ['slow stopped', 'slow returned']);
});

const fenced = (fence: number) => new AgentError('fenced', `the fence is 3, but ${fence} has been seen`, { fence });

test('an agent that has seen a higher fence ends an operator whose Lease somebody else holds', async () => {
  const { clock, log, call, of } = setUp(lostFence(3));
  const calling = call('a');
  of('a').reject(fenced(4));
  await calling;
  const lost = 'LeadershipLostError: leadership lost: the Lease is held by "another"';
  assert.deepEqual(log.splice(0), ['a without an answer', `a threw ${lost}`]);
  const late = call('b');
  await clock.advance(patienceMs);
  await late;
  of('b').reject(fenced(4));
  await clock.advance(0);
  assert.deepEqual(log, ['b returned', 'b without an answer', `fault of sei/b: ${lost}`]);
});

test('when the work ends all calls do, and nobody hears of it', async () => {
  const { clock, caller, log, call } = setUp();
  const late = call('late');
  await clock.advance(patienceMs);
  await late;
  const waited = call('waited');
  await caller.stop(new Error('enough'));
  await waited;
  await clock.advance(0);
  assert.deepEqual(log, [
    'late returned',
    'late without an answer',
    'waited without an answer',
    'waited threw Error: enough',
  ]);
  assert.equal(clock.pendingTimers, 0);
});
