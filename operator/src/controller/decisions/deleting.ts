import { forceDeleteAnnotation } from '@nodetask/shared';
import { shortList } from '../../bounded-text.ts';
import type { Decision, EventNote } from '../decision.ts';
import { allWork } from '../known-work.ts';
import type { RunContext } from '../run-context.ts';
import { stopWork } from '../stop-work.ts';
import { statusChange } from '../summary/owned-status.ts';
import type { AgentCall } from '../task-memory.ts';
import { deletionGraceMs } from '../timing.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { heldStatus } from './hold.ts';

/** A NodeTask that is being deleted: stops its work, then lets go. Bounded by a grace time, and forced by an annotation. */
export const deleting: Gate = (ctx) => {
  const { deletionTimestamp, annotations } = ctx.nodeTask.metadata;
  if (deletionTimestamp === undefined) return undefined;
  if (!ctx.hasFinalizer) return nothingToDo;

  const work = allWork(ctx);
  const { calls, waiting, wakeAt } = stopWork(ctx, work, Number.POSITIVE_INFINITY);
  if (annotations?.[forceDeleteAnnotation] !== undefined) return forced(ctx, calls);
  // Asked once in any case: the clocks of the API server and of this process may differ.
  if (calls.length > 0) return { ...nothingToDo, calls };
  if (waiting.length === 0) return letGo(work.length === 0 ? [] : [stopped(work.map(({ pod }) => pod))]);

  const deadline = Date.parse(deletionTimestamp) + deletionGraceMs;
  const pods = waiting.map(({ pod }) => pod);
  if (deadline <= ctx.now) return letGo([givenUp(pods)]);
  return { ...wait(ctx, pods), requeueAfterMs: Math.min(deadline, wakeAt ?? deadline) - ctx.now };
};

/** Each agent is told once, because one that can be reached should stop; then the NodeTask goes, whatever came of that. */
const forced = ({ memory }: RunContext, calls: readonly AgentCall[]): Decision => {
  const untold = calls.filter(({ taskID }) => (memory.get(taskID)?.failures ?? 0) === 0);
  return untold.length > 0 ? { ...nothingToDo, calls: untold } : letGo([]);
};

const letGo = (events: readonly EventNote[]): Decision => ({ ...nothingToDo, finalizer: 'remove', events });

const wait = (ctx: RunContext, pods: readonly string[]): Decision => ({
  ...nothingToDo,
  ...statusChange(
    ctx,
    heldStatus(ctx, {
      standing: 'progressing',
      phase: ctx.status.phase ?? 'Pending',
      reason: 'Deleting',
      message: `stopping the work on ${shortList(pods)} before the NodeTask goes`,
    }),
  ),
});

const stopped = (pods: readonly string[]): EventNote => ({
  type: 'Normal',
  reason: 'Cancelled',
  action: 'Delete',
  note: `Stopped on ${shortList(pods)}, because the NodeTask is being deleted.`,
});

const givenUp = (pods: readonly string[]): EventNote => ({
  type: 'Warning',
  reason: 'AgentUnreachable',
  action: 'Delete',
  note: `The agents of ${shortList(pods)} did not confirm within ${deletionGraceMs / 1000} s that the work has stopped. The NodeTask is deleted all the same; check what runs there.`,
});
