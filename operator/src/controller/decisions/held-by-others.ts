import { boundedText, shortList } from '../../bounded-text.ts';
import type { OwnedStatus, OwnedTarget } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import { isoTime, isTerminal, type RunContext } from '../run-context.ts';
import { ownedPart, statusWithRows } from '../summary/owned-status.ts';

const reason: Reason = 'FinalizersRemain';

/**
 * Status of a NodeTask that is being deleted and that only somebody else's finalizers hold: its work is stopped, so that nothing is ready or scheduled any more.
 * What had ended keeps its end.
 * @param unconfirmed pods whose agents did not say that the work has stopped.
 */
export const heldByOthers = (
  ctx: RunContext,
  finalizers: readonly string[],
  unconfirmed: ReadonlySet<string>,
): OwnedStatus => {
  const held = `it goes once these finalizers, which are not the operator's, are taken off: ${shortList(finalizers)}`;
  if (ctx.sameRun && isTerminal(ctx.status.phase)) return finishedAndHeld(ctx, `being deleted; ${held}`);
  const rows = ctx.sameRun ? (ownedPart(ctx.status).targets ?? []) : [];
  const message = `being deleted, and nothing of it runs any more; ${held}`;
  const { startedAt } = ctx.sameRun ? ctx.status : {};
  return {
    ...statusWithRows(
      ctx,
      { standing: 'progressing', phase: 'Deleting', reason, message },
      rows.map((row) => stoppedRow(row, unconfirmed, ctx.now)),
    ),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
};

const stoppedRow = (row: OwnedTarget, unconfirmed: ReadonlySet<string>, now: number): OwnedTarget =>
  isTerminal(row.phase)
    ? row
    : {
        ...row,
        phase: 'Cancelled',
        message: unconfirmed.has(row.pod)
          ? 'the NodeTask is being deleted, and the agent did not confirm that the work has stopped'
          : 'stopped, because the NodeTask is being deleted',
        completedAt: row.completedAt ?? isoTime(now),
      };

/** The end stays; only ready it is no more. */
const finishedAndHeld = (ctx: RunContext, message: string): OwnedStatus => {
  const { conditions = [], ...kept } = ownedPart(ctx.status);
  const { generation } = ctx.nodeTask.metadata;
  return {
    ...kept,
    observedGeneration: generation,
    conditions: conditions.map((condition) => {
      const seen = { ...condition, observedGeneration: generation };
      if (condition.type !== 'Ready') return seen;
      const since = condition.status === 'False' ? condition.lastTransitionTime : isoTime(ctx.now);
      return { ...seen, status: 'False', lastTransitionTime: since, reason, message: boundedText(message) };
    }),
  };
};
