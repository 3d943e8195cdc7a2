import { isDispatched } from './has-begun.ts';
import type { TargetDecision, TargetVerdict } from './target-view.ts';

/** What spec.suspend does to a target that nothing has been started on. */
export const heldBackVerdict: TargetVerdict = {
  state: 'waiting',
  reason: 'Suspended',
  message: 'held back by spec.suspend',
};

/**
 * spec.suspend: what is not with its agent is not sent there, and what the agent has forgotten is not sent again. What the agent has goes
 * on.
 */
export const heldBack: TargetDecision = (view) => {
  if (view.ctx.spec?.suspend !== true) return undefined;
  const { missing, found } = view.memory ?? {};
  return missing !== true && (found !== undefined || isDispatched(view)) ? undefined : heldBackVerdict;
};
