import { isTerminal } from '../run-context.ts';
import { ownedPart, statusChange } from '../summary/owned-status.ts';
import { type Gate, nothingToDo } from './gate.ts';

/** A finished run stays finished, whatever else changes; only another runID begins anew. */
export const finished: Gate = (ctx) => {
  if (!ctx.sameRun || !isTerminal(ctx.status.phase)) return undefined;
  const { generation } = ctx.nodeTask.metadata;
  const { conditions = [], ...kept } = ownedPart(ctx.status);
  return {
    ...nothingToDo,
    ...statusChange(ctx, {
      ...kept,
      observedGeneration: generation,
      conditions: conditions.map((condition) => ({ ...condition, observedGeneration: generation })),
    }),
    // Rows that only an agent wrote belong to no target of this run.
    dropRows: (ctx.status.targets ?? []).filter(({ taskID }) => taskID === undefined).map(({ pod }) => pod),
    ...(ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}),
  };
};
