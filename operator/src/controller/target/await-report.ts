import { reportGraceMs } from '../timing.ts';
import { goingOn } from './going-on.ts';
import type { TargetDecision } from './target-view.ts';

/**
 * The agent says that the task has ended, and status does not show it yet: its report is on the way, with the output that people look
 * for as soon as the NodeTask has ended. It is given a moment; then the end counts without it.
 */
export const awaitReport: TargetDecision = (view) => {
  const { unreportedSince, ctx, result: _, ...rest } = view;
  if (unreportedSince === undefined) return undefined;
  const wakeAt = unreportedSince + reportGraceMs;
  return wakeAt > ctx.now ? { ...goingOn({ ctx, ...rest }), wakeAt } : undefined;
};
