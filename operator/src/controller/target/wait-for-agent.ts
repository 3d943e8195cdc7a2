import type { TargetDecision } from './target-view.ts';
import { waitOrGiveUp } from './wait-budget.ts';
import { dispatchCall, isAccepted, readCall } from './calls.ts';

/** The agent does not answer: tries again, for as long as the budget lasts. */
export const waitForAgent: TargetDecision = (view) => {
  const { ctx, memory, pod, agentPod, silence } = view;
  if (silence === undefined || memory?.silence === undefined || agentPod === undefined) return undefined;
  const call = isAccepted(view) ? readCall(view, agentPod) : dispatchCall(view, agentPod);
  const due = (memory.retryAt ?? 0) <= ctx.now;
  return waitOrGiveUp(view, {
    reason: 'AgentUnreachable',
    message: `the agent of pod ${pod} does not answer: ${silence.message}`,
    ...(due ? { calls: [call] } : {}),
    ...(due || memory.retryAt === undefined ? {} : { wakeAt: memory.retryAt }),
  });
};
