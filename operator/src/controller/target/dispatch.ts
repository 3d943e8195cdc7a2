import { dispatchCall, isAccepted } from './calls.ts';
import type { TargetDecision } from './target-view.ts';

/**
 * Hands the task to the agent, unless this pod's agent has already said to this process that it has it. After a restart of the
 * operator or a replaced pod the same request is made again: an agent that knows the id runs nothing twice.
 */
export const dispatch: TargetDecision = (view) => {
  const { agentPod, memory, ctx, row, result } = view;
  if (agentPod === undefined || isAccepted(view)) return undefined;
  // Read a moment ago: the agent has it.
  if (memory?.found !== undefined) return undefined;
  return {
    state: row?.startedAt !== undefined || result !== undefined ? activeState(view) : 'pending',
    reason: 'Dispatching',
    message: `handing the task to the agent of pod ${view.pod}`,
    ...(ctx.underWay.has(view.taskID) ? {} : { calls: [dispatchCall(view, agentPod)], wakeAt: ctx.now }),
  };
};

const activeState = ({ ctx }: Parameters<TargetDecision>[0]): 'running' | 'scheduled' =>
  ctx.mode === 'cron' || ctx.mode === 'height' ? 'scheduled' : 'running';
