import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SubmitRequest } from '@nodetask/shared';
import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
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
  return { answer: await performCall(agents, call, { signal, leads: async () => Promise.resolve(true) }), updates };
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
