import type { Decision } from './decision.ts';
import { mayRun } from './known-work.ts';
import { isTerminal, type RunContext } from './run-context.ts';

/**
 * A decision that also puts the finalizer back where somebody has taken it off (kubectl replace, an edit) while something may run on an agent, whatever
 * else is decided: without the finalizer a deletion would leave that work behind.
 */
export const keepFinalizer = (ctx: RunContext, decision: Decision): Decision => {
  if (ctx.hasFinalizer || ctx.nodeTask.metadata.deletionTimestamp !== undefined) return decision;
  return isOver(ctx, decision) || !mayRun(ctx) ? decision : { ...decision, finalizer: 'add' };
};

/** A target that was given up at the end of a run stays given up. */
const isOver = (ctx: RunContext, { status }: Decision): boolean =>
  status === undefined ? ctx.sameRun && isTerminal(ctx.status.phase) : isTerminal(status.phase);
