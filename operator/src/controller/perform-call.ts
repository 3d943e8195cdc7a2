import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import type { AgentAnswer, AgentCall } from './task-memory.ts';

export interface CallContext {
  readonly signal: AbortSignal;
  /** Whether this process still holds the Lease. */
  readonly leads: (signal: AbortSignal) => Promise<boolean>;
}

/**
 * Makes one call to an agent. Throws AgentError `fenced` where an agent says that a newer operator leads and the Lease says so too, and the reason of
 * `signal` once that has aborted; all else is an answer.
 */
export const performCall = async (
  agents: AgentCalls,
  call: AgentCall,
  { signal, leads }: CallContext,
): Promise<AgentAnswer> => {
  try {
    return await answerOf(agents, call, signal);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    if (error.kind !== 'fenced') return failureOf(error);
    if (!(await leads(signal))) throw error;
    // Else any agent could end the operator, for everybody, with one answer.
    return {
      kind: 'silent',
      why: 'unable',
      message: `the agent of pod ${call.pod.metadata.name} refuses this operator as one that leads no more (${error.message}), but the Lease says that this one leads`,
    };
  }
};

const answerOf = async (agents: AgentCalls, call: AgentCall, signal: AbortSignal): Promise<AgentAnswer> => {
  switch (call.kind) {
    case 'dispatch':
      return dispatch(agents, call, signal);
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

const dispatch = async (
  agents: AgentCalls,
  { pod, taskID, request }: Extract<AgentCall, { readonly kind: 'dispatch' }>,
  signal: AbortSignal,
): Promise<AgentAnswer> => {
  try {
    await agents.submit(pod, { ...request, id: taskID }, signal);
  } catch (error) {
    const schedule = request.async?.schedule;
    if (!(error instanceof AgentError) || error.code !== 'schedule-conflict' || schedule === undefined) throw error;
    // It has the task; the schedule was changed while no operator could tell it so.
    const { cron, timeZone = 'Etc/UTC', startingDeadlineSeconds = null } = schedule;
    const update = { startingDeadlineSeconds, ...(cron === undefined ? {} : { cron, timeZone }) };
    await agents.reschedule(pod, taskID, update, signal);
  }
  return { kind: 'accepted' };
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
      return {
        kind: 'silent',
        message: error.message,
        ...(error.why === undefined ? {} : { why: error.why }),
        ...hint,
      };
    case 'fenced':
      throw error;
    default:
      return error.kind satisfies never;
  }
};
