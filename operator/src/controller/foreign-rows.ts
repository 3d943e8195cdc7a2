import { maxTargetRows, type NodeTaskStatus, type TargetStatus } from '@nodetask/shared';
import type { Decision, OwnedStatus } from './decision.ts';
import { earliest, isTerminal, type RunContext } from './run-context.ts';
import { foreignRowsMs } from './timing.ts';

/**
 * Whether a row is of a pod that the operator has dispatched to, or may have before a crash: it wrote the row itself, or the target names the pod now. Any pod
 * of the namespace can write a row for itself, with whatever id (ids are computed from what everybody can read): nothing that such a row says makes its pod
 * a target, or has anything stopped there.
 */
export const isOwnRow = (
  { named }: Pick<RunContext, 'named'>,
  { pod, taskID, podUID }: Pick<TargetStatus, 'pod' | 'taskID' | 'podUID'>,
): boolean => taskID !== undefined || podUID !== undefined || named.has(pod);

/**
 * A decision that also takes rows off status that are of no target: at once the first time, then now and then, so that nobody keeps the operator busy with
 * them, and in any case where they take the room of the others.
 */
export const dropForeignRows = (ctx: RunContext, decision: Decision): Decision => {
  const { status, droppedAt = Number.NEGATIVE_INFINITY, now, nodeTask } = ctx;
  // Once a run is over, its targets are those that status lists.
  const isOver = ctx.sameRun && isTerminal(status.phase);
  const foreign = (status.targets ?? []).filter((row) => (isOver ? row.taskID === undefined : !isOwnRow(ctx, row)));
  if (foreign.length === 0 || nodeTask.metadata.deletionTimestamp !== undefined) return decision;
  const pods = new Set(foreign.map(({ pod }) => pod));
  const others = decision.dropRows.filter((pod) => !pods.has(pod));
  const dueAt = droppedAt + foreignRowsMs;
  if (dueAt <= now || isCrowded(status, decision.status)) return { ...decision, dropRows: [...others, ...pods] };
  const wakeAt = decision.requeueAfterMs === undefined ? undefined : now + decision.requeueAfterMs;
  return { ...decision, dropRows: others, requeueAfterMs: (earliest([wakeAt, dueAt]) ?? dueAt) - now };
};

/** Whether the rows that are there and those that are to come are more than the list takes: then some must go first. */
export const isCrowded = (present: NodeTaskStatus, wanted: OwnedStatus | undefined): boolean =>
  new Set([...(present.targets ?? []), ...(wanted?.targets ?? [])].map(({ pod }) => pod)).size > maxTargetRows;
