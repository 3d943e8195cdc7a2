import type { Decision } from './decision.ts';
import { heldStatus } from './decisions/hold.ts';
import { refusalText } from './refused-write.ts';
import { isTerminal, type RunContext } from './run-context.ts';
import { statusChange } from './summary/owned-status.ts';

/**
 * A decision that says so on status while the API server refuses the finalizer that it asks for. It stays the same as long as that does: each write of
 * status wakes the NodeTask, and two that take turns would never end.
 */
export const tellOfRefusal = (ctx: RunContext, decision: Decision): Decision => {
  const { refused, status } = ctx;
  if (refused === undefined || isTerminal((decision.status ?? status).phase)) return decision;
  const asked = decision.finalizer === 'add' ? 'finalizer' : 'finalizer_removal';
  if (decision.finalizer === undefined || refused.write !== asked) return decision;
  const { status: _, ...rest } = decision;
  const held = heldStatus(ctx, {
    standing: 'progressing',
    phase: ctx.sameRun ? (status.phase ?? 'Pending') : 'Pending',
    reason: 'WriteRefused',
    message: refusalText(refused),
  });
  return { ...rest, ...statusChange(ctx, held), events: [] };
};
