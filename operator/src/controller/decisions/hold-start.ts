import type { Decision, Situation } from '../decision.ts';
import { ignoredFields } from '../ignored-fields.ts';
import { resolveTargets } from '../resolve-targets.ts';
import type { RunContext } from '../run-context.ts';
import { statusChange, statusOf } from '../summary/owned-status.ts';
import { type TargetVerdict, targetView } from '../target/target-view.ts';
import { transitionEvents } from '../transition-events.ts';
import { nothingToDo } from './gate.ts';

/** A run that does not begin: the same is said of each of its targets. */
export const holdStart = (ctx: RunContext, situation: Situation, verdict: TargetVerdict): Decision => {
  const names = resolveTargets(ctx);
  const targets = names.map((pod) => ({ view: targetView(ctx, pod, names.length), verdict }));
  const change = statusChange(ctx, statusOf(ctx, situation, targets));
  return { ...nothingToDo, ...change, events: [...ignoredFields(ctx), ...transitionEvents(ctx.status, change.status)] };
};
