import type { Reason } from '../reasons.ts';
import type { TargetDecision, TargetView } from './target-view.ts';
import { waitOrGiveUp } from './wait-budget.ts';
import { dispatchCall, isAccepted, readCall } from './calls.ts';

/** The agent says nothing about the task: it is asked again, for as long as the budget lasts. */
export const waitForAgent: TargetDecision = (view) => {
  const { ctx, memory, agentPod, silence } = view;
  if (silence === undefined || memory?.silence === undefined || agentPod === undefined) return undefined;
  const call = isAccepted(view) ? readCall(view, agentPod) : dispatchCall(view, agentPod);
  const due = (memory.retryAt ?? 0) <= ctx.now;
  return waitOrGiveUp(view, {
    ...causeOf(view, silence),
    ...(due ? { calls: [call] } : {}),
    ...(due || memory.retryAt === undefined ? {} : { wakeAt: memory.retryAt }),
  });
};

/** A container that ended badly and runs again is still to blame for a silence so shortly after. */
const restartBlameMs = 60_000;

/** Of an agent that cannot be reached, the status of its pod may tell more than the network does. */
const causeOf = (
  { ctx, agentPod }: TargetView,
  { why, message }: NonNullable<TargetView['silence']>,
): { readonly reason: Reason; readonly message: string } => {
  if (why !== undefined) return { reason: why === 'unable' ? 'AgentUnable' : 'AgentUntrusted', message };
  const trouble = agentPod?.trouble;
  if (trouble === undefined || (trouble.runsSince ?? ctx.now) + restartBlameMs <= ctx.now) {
    return { reason: 'AgentUnreachable', message };
  }
  return { reason: trouble.reason, message: trouble.message };
};
