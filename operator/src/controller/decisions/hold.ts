import type { NodeTaskStatus } from '@nodetask/shared';
import type { OwnedStatus, Situation } from '../decision.ts';
import type { RunContext } from '../run-context.ts';
import { conditionsFor } from '../summary/conditions.ts';
import { ownedPart, statusWithRows } from '../summary/owned-status.ts';

/** A status that says why nothing moves and keeps what is known of the run. */
export const heldStatus = (ctx: RunContext, situation: Situation): OwnedStatus =>
  ctx.sameRun ? restated(ctx, ctx.status, situation) : statusWithRows(ctx, situation, []);

/** The status that there is, under another situation; also the status of an earlier run. */
export const restated = (ctx: RunContext, status: NodeTaskStatus, situation: Situation): OwnedStatus => {
  const { generation } = ctx.nodeTask.metadata;
  const { blockedBy: _, queuePosition: __, ...kept } = ownedPart(status);
  return {
    ...kept,
    observedGeneration: generation,
    phase: situation.phase,
    conditions: conditionsFor(situation, status.conditions ?? [], generation, ctx.now),
  };
};
