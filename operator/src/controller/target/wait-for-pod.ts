import { agentLabel, agentLabelValue } from '@nodetask/shared';
import { podsInstead } from '../pods-instead.ts';
import { lookAgainMs } from '../timing.ts';
import type { TargetDecision, TargetView } from './target-view.ts';
import { waitOrGiveUp } from './wait-budget.ts';

/** There is no such pod with an agent, or its agent has no address: waits for the pod. */
export const waitForPod: TargetDecision = (view) => {
  const { ctx, pod, agentPod } = view;
  if (agentPod?.address !== undefined) return undefined;
  if (agentPod !== undefined) {
    const { trouble, unavailable = 'it has no address' } = agentPod;
    return waitOrGiveUp(view, {
      reason: trouble?.reason ?? 'NoAgent',
      message: trouble?.message ?? `the agent of pod ${pod} cannot be called: ${unavailable}`,
    });
  }
  const wakeAt = ctx.now + lookAgainMs;
  if (ctx.unlabelled.includes(pod) || ctx.formerPodByName.has(pod)) {
    return waitOrGiveUp(view, { reason: 'NoAgent', message: noLabel(pod), wakeAt });
  }
  return waitOrGiveUp(view, { reason: 'NoTarget', message: noPod(view), wakeAt });
};

/** A target by name may be misspelt; a pod that a selector had found is only away. */
const noPod = ({ ctx, pod }: TargetView): string => {
  const isNamed = ctx.spec?.target.podName === pod;
  const instead = isNamed ? `; ${podsInstead(ctx.nodeTask.metadata.namespace, ctx.namesInstead)}` : '';
  return `there is no pod ${pod}${instead}`;
};

/** What to say of a pod that is there but does not run the agent. */
export const noLabel = (pod: string): string =>
  `pod ${pod} lacks the label ${agentLabel}=${agentLabelValue}: add the agent and its label to the pod`;
