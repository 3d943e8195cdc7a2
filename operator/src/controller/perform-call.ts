import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import type { AgentAnswer, AgentCall } from './task-memory.ts';

/** Makes one call to an agent. Throws AgentError `fenced`, and the reason of `signal` once that has aborted; all else is an answer. */
export const performCall = async (agents: AgentCalls, call: AgentCall, signal: AbortSignal): Promise<AgentAnswer> => {
  try {
    return await answerOf(agents, call, signal);
  } catch (error) {
    if (!(error instanceof AgentError) || error.kind === 'fenced') throw error;
    return failureOf(error);
  }
};

const answerOf = async (agents: AgentCalls, call: AgentCall, signal: AbortSignal): Promise<AgentAnswer> => {
  switch (call.kind) {
    case 'dispatch':
      await agents.submit(call.pod, { ...call.request, id: call.taskID }, signal);
      return { kind: 'accepted' };
    case 'read':
      return { kind: 'found', result: await agents.read(call.pod, call.taskID, signal) };
    case 'reschedule':
      await agents.reschedule(call.pod, call.taskID, call.update, signal);
      return { kind: 'rescheduled' };
    case 'remove': {
      const removal = await agents.remove(call.pod, call.taskID, signal);
      if (removal.stopped) return { kind: 'stopped' };
      return {
        kind: 'stopping',
        ...(removal.retryAfterMs === undefined ? {} : { retryAfterMs: removal.retryAfterMs }),
      };
    }
    default:
      return call satisfies never;
  }
};

const failureOf = (error: AgentError): AgentAnswer => {
  const hint = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  switch (error.kind) {
    case 'busy':
      return { kind: 'busy', ...(error.blockedBy === undefined ? {} : { by: error.blockedBy }) };
    case 'gone':
      return { kind: 'gone' };
    case 'missing':
      return { kind: 'missing' };
    case 'refused':
      return { kind: 'refused', code: error.code ?? 'refused', message: error.message };
    case 'silent':
      return { kind: 'silent', message: error.message, ...hint };
    case 'fenced':
      throw error;
    default:
      return error.kind satisfies never;
  }
};
