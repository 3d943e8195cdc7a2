import type { BlockedBy } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import { dispatchCall } from './calls.ts';
import type { TargetDecision } from './target-view.ts';

/** The agent works on something else: the target waits for its turn, however long that takes. */
export const blocked: TargetDecision = (view) => {
  const { ctx, memory, agentPod, pod } = view;
  if (memory?.dispatch?.kind !== 'busy' || agentPod === undefined) return undefined;
  const by = nameOf(memory.dispatch.by);
  const due = (memory.retryAt ?? 0) <= ctx.now;
  return {
    state: 'blocked',
    reason: 'AgentBusy',
    message: `the agent of pod ${pod} works on ${by}`,
    blockedBy: by,
    ...(due ? { calls: [dispatchCall(view, agentPod)] } : {}),
    ...(due || memory.retryAt === undefined ? {} : { wakeAt: memory.retryAt }),
  };
};

/** As status.blockedBy shows it: the NodeTask, else the task. */
const nameOf = (by: BlockedBy | undefined): string => {
  if (by === undefined) return 'another task';
  return boundedText(by.ref === undefined ? `${by.type} ${by.id}` : `${by.ref.namespace}/${by.ref.name}`, 317);
};
