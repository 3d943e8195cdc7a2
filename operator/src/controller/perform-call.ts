import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Fence } from '../kube/held-lease.ts';
import type { AgentAnswer, AgentCall } from './task-memory.ts';

export interface CallContext {
  readonly signal: AbortSignal;
  /** Of this operator: an agent that has seen a higher one refuses. */
  readonly fence: Fence;
}

/**
 * Makes one call to an agent. If the agent has seen a higher fence, as after a restore of the Lease, the own one is raised above it, once; an agent
 * that refuses that too may be wrong, or lie, and is one that is silent. Throws LeadershipLostError if another operator holds the Lease, and the reason of
 * `signal` once that has aborted; all else is an answer.
 */
export const performCall = async (
  agents: AgentCalls,
  call: AgentCall,
  { signal, fence }: CallContext,
): Promise<AgentAnswer> => {
  try {
    return await answerOf(agents, call, signal);
  } catch (error) {
    if (!isFenced(error)) return failureOf(error);
    if (error.fence === undefined || !(await hasRisen(fence, error.fence, signal))) return refusesLeader(call, error);
  }
  try {
    return await answerOf(agents, call, signal);
  } catch (error) {
    return isFenced(error) ? refusesLeader(call, error) : failureOf(error);
  }
};

const isFenced = (error: unknown): error is AgentError => error instanceof AgentError && error.kind === 'fenced';

/** Whether the own fence is above `seen` now. Not so where the API server does not answer: another try comes. */
const hasRisen = async (fence: Fence, seen: number, signal: AbortSignal): Promise<boolean> => {
  try {
    return await fence.raise(seen, signal);
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
};

/** Else any agent could end the operator, for everybody, with one answer. */
const refusesLeader = (call: AgentCall, { message }: AgentError): AgentAnswer => ({
  kind: 'silent',
  why: 'unable',
  message: `the agent of pod ${call.pod.metadata.name} refuses this operator as one that leads no more (${message}), but the Lease says that this one leads`,
});

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

const failureOf = (error: unknown): AgentAnswer => {
  if (!(error instanceof AgentError)) throw error;
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
