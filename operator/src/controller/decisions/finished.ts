import type { Decision } from '../decision.ts';
import { requeueAt } from '../requeue.ts';
import { isTerminal, type RunContext } from '../run-context.ts';
import { ownedPart, statusChange } from '../summary/owned-status.ts';
import { type Gate, nothingToDo } from './gate.ts';

/** A finished run stays finished, whatever else changes; only another runID begins anew. It goes when spec.ttlSecondsAfterFinished is over. */
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
    ...(ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}),
    ...expiry(ctx),
  };
};

/** It stays while another NodeTask waits for it: that would take it for one that has not come yet. Whose turn has come brings it here again. */
const expiry = ({
  nodeTask,
  defaultTTLSeconds,
  status,
  awaitedBy,
  now,
}: RunContext): Pick<Decision, 'delete' | 'requeueAfterMs'> => {
  const seconds = nodeTask.spec.ttlSecondsAfterFinished ?? defaultTTLSeconds;
  if (seconds === undefined || status.completedAt === undefined) return {};
  const dueAt = Date.parse(status.completedAt) + seconds * 1000;
  if (dueAt > now) return requeueAt(dueAt, now);
  return awaitedBy.length > 0 ? {} : { delete: true };
};
