import type { BlockedBy } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import { lookPauseMs } from '../queue/look-pause.ts';
import { dispatchCall } from './calls.ts';
import { isDispatched } from './has-begun.ts';
import type { TargetDecision } from './target-view.ts';

/**
 * The agent works on something else, or others have waited for it longer: the target waits for its turn, however long that takes.
 * Nobody overtakes: only the first in the queue asks the agent.
 */
export const blocked: TargetDecision = (view) => {
  const { ctx, memory, agentPod, pod } = view;
  if (agentPod === undefined) return undefined;
  const ahead = isDispatched(view) ? undefined : ctx.ahead.get(pod);
  if (ahead !== undefined) {
    const { count, behind } = ahead;
    return {
      state: 'blocked',
      reason: 'AgentBusy',
      message: `waits for the agent of pod ${pod} as number ${count + 1} in the queue, behind ${behind}`,
      blockedBy: behind,
      queuePosition: count + 1,
      wakeAt: ctx.now + lookPauseMs(count),
    };
  }
  if (memory?.dispatch?.kind !== 'busy') return undefined;
  const by = nameOf(memory.dispatch.by);
  const due = (memory.retryAt ?? 0) <= ctx.now;
  return {
    state: 'blocked',
    reason: 'AgentBusy',
    message: `the agent of pod ${pod} works on ${by}`,
    blockedBy: by,
    queuePosition: 1,
    ...(due ? { calls: [dispatchCall(view, agentPod)] } : {}),
    ...(due || memory.retryAt === undefined ? {} : { wakeAt: memory.retryAt }),
  };
};

/** As status.blockedBy shows it: the NodeTask, else the task. */
const nameOf = (by: BlockedBy | undefined): string => {
  if (by === undefined) return 'another task';
  return boundedText(by.ref === undefined ? `${by.type} ${by.id}` : `${by.ref.namespace}/${by.ref.name}`, 317);
};
