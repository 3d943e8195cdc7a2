import { resolveTargets } from '../resolve-targets.ts';
import { statusChange, statusOf } from '../summary/owned-status.ts';
import { suspendedSituation } from '../summary/suspended-situation.ts';
import { hasBegun } from '../target/has-begun.ts';
import { heldBackVerdict } from '../target/held-back.ts';
import { targetView } from '../target/target-view.ts';
import { type Gate, nothingToDo } from './gate.ts';

/**
 * spec.suspend before anything of the run has begun: waits, for as long as that takes, without any budget running. Once something has
 * begun, that goes on, and its targets decide what is held back.
 */
export const suspended: Gate = (ctx) => {
  if (ctx.spec?.suspend !== true) return undefined;
  const names = resolveTargets(ctx);
  const views = names.map((pod) => targetView(ctx, pod, names.length));
  if (views.some(hasBegun)) return undefined;
  const targets = views.map((view) => ({ view, verdict: heldBackVerdict }));
  return { ...nothingToDo, ...statusChange(ctx, statusOf(ctx, suspendedSituation(targets, ctx.mode), targets)) };
};
