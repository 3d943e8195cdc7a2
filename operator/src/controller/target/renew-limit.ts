import { dispatchCall } from './calls.ts';
import { goingOn } from './going-on.ts';
import type { TargetDecision } from './target-view.ts';

/** timeoutSeconds of a schedule or daemon was changed: the agent is sent the same request with the new one, for the runs to come. */
export const renewLimit: TargetDecision = (view) => {
  const { agentPod, memory, ctx } = view;
  const sent = memory?.dispatch;
  if (agentPod === undefined || ctx.mode === 'one-shot' || ctx.spec === undefined || ctx.spec.suspend) return undefined;
  if (sent?.kind !== 'accepted' || sent.timeoutSeconds === ctx.spec.timeoutSeconds) return undefined;
  const call = dispatchCall(view, agentPod);
  return call.kind === 'dispatch' ? { ...goingOn(view), calls: [call], wakeAt: ctx.now } : undefined;
};
