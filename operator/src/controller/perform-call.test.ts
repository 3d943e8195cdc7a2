import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SubmitRequest } from '@nodetask/shared';
import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Fence } from '../kube/held-lease.ts';
import { LeadershipLostError } from '../kube/leadership-lost-error.ts';
import { lostFence, RisingFence } from '../kube/testing/fences.ts';
import { performCall } from './perform-call.ts';
import type { AgentAnswer } from './task-memory.ts';
import { agentPod, idOf } from './testing/fixtures.ts';

const never = async (): Promise<never> => Promise.reject(new Error('not called here'));

/** Hands a schedule to an agent that answers with a code; tells the answer, and the updates that it was sent. */
const dispatch = async (
  code: string,
  schedule: NonNullable<SubmitRequest['async']>['schedule'],
): Promise<{ readonly answer: AgentAnswer; readonly updates: readonly unknown[] }> => {
  const updates: unknown[] = [];
  const agents: AgentCalls = {
    submit: async () => Promise.reject(new AgentError('refused', 'no', { code })),
    read: never,
    reschedule: async (_pod, _id, update) => {
      updates.push(update);
      return Promise.resolve();
    },
    remove: never,
  };
  const request: SubmitRequest = { type: 'mark-ready', async: { schedule } };
  const call = { kind: 'dispatch', pod: agentPod('sei-0'), taskID: idOf('sei-0'), request } as const;
  const signal = new AbortController().signal;
  return { answer: await performCall(agents, call, { signal, fence: new RisingFence(1) }), updates };
};

describe('a schedule that its agent has already, with another cron', () => {
  test('is changed to what the spec says, and counts as accepted', async () => {
    assert.deepEqual(await dispatch('schedule-conflict', { cron: '0 4 * * *', timeZone: 'Asia/Tokyo' }), {
      answer: { kind: 'accepted' },
      updates: [{ cron: '0 4 * * *', timeZone: 'Asia/Tokyo', startingDeadlineSeconds: null }],
    });
    assert.deepEqual((await dispatch('schedule-conflict', { cron: '@daily', startingDeadlineSeconds: 5 })).updates, [
      { cron: '@daily', timeZone: 'Etc/UTC', startingDeadlineSeconds: 5 },
    ]);
    assert.deepEqual((await dispatch('schedule-conflict', { blockHeight: 7, startingDeadlineSeconds: 5 })).updates, [
      { startingDeadlineSeconds: 5 },
    ]);
  });

  test('any other refusal is told, and changes nothing', async () => {
    assert.deepEqual(await dispatch('conflict', { cron: '0 4 * * *' }), {
      answer: { kind: 'refused', code: 'conflict', message: 'no' },
      updates: [],
    });
  });
});

/** Asks an agent, which has seen the fence `seen`, to remove a task; tells the answer and the fences that it was called with. */
const remove = async (fence: Fence, seen: number | undefined, lies = false) => {
  const calls: number[] = [];
  const agents: AgentCalls = {
    submit: never,
    read: never,
    reschedule: never,
    remove: async () => {
      calls.push(fence.value);
      if (!lies && fence.value > (seen ?? 0)) return Promise.resolve({ stopped: true });
      const details = seen === undefined ? {} : { fence: seen };
      throw new AgentError('fenced', `the fence is ${fence.value}, but ${seen ?? 'more'} has been seen`, details);
    },
  };
  const call = { kind: 'remove', pod: agentPod('sei-0'), taskID: idOf('sei-0') } as const;
  const { signal } = new AbortController();
  return { answer: await performCall(agents, call, { signal, fence }), calls };
};

describe('an agent that has seen a higher fence than that of the operator', () => {
  test('is called again with one above it, if the operator holds the Lease', async () => {
    assert.deepEqual(await remove(new RisingFence(3), 7), { answer: { kind: 'stopped' }, calls: [3, 8] });
  });

  test('ends an operator whose Lease somebody else holds', async () => {
    await assert.rejects(remove(lostFence(3), 7), LeadershipLostError);
  });

  const says =
    /^the agent of pod sei-0 refuses this operator as one that leads no more .* the Lease says that this one leads$/;
  const silent: [string, Fence, number | undefined, number[]][] = [
    ['refuses the one above it too', new RisingFence(3), 7, [3, 8]],
    ['does not say which', new RisingFence(3), undefined, [3]],
    ['says one that cannot be right', { value: 3, raise: async () => Promise.resolve(false) }, 7, [3]],
    [
      'answers while the API server does not',
      { value: 3, raise: async () => Promise.reject(new ApiError('PUT: timeout', { code: 0, reason: 'Timeout' })) },
      7,
      [3],
    ],
  ];
  for (const [what, fence, seen, expected] of silent) {
    test(`is one that cannot work if it ${what}: an agent alone does not end the operator`, async () => {
      const { answer, calls } = await remove(fence, seen, true);
      assert.deepEqual([answer.kind, calls], ['silent', expected]);
      assert.match(answer.kind === 'silent' ? answer.message : '', says);
    });
  }
});
