import { cancelFinalizer, forceDeleteAnnotation } from '@nodetask/shared';
import { shortList } from '../../bounded-text.ts';
import type { Decision, EventNote } from '../decision.ts';
import { allWork } from '../known-work.ts';
import { isTerminal, type RunContext } from '../run-context.ts';
import { stopWork } from '../stop-work.ts';
import { statusChange } from '../summary/owned-status.ts';
import type { AgentCall } from '../task-memory.ts';
import { deletionGraceMs } from '../timing.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { heldByOthers } from './held-by-others.ts';
import { heldStatus } from './hold.ts';

/**
 * A NodeTask that is being deleted: stops its work, then lets go. Bounded by a grace time, and forced by an annotation. Somebody else's finalizer may hold it
 * for longer; its work is stopped all the same, and status says who holds it.
 */
export const deleting: Gate = (ctx) => {
  const { deletionTimestamp, annotations } = ctx.nodeTask.metadata;
  if (deletionTimestamp === undefined) return undefined;
  if (!ctx.hasFinalizer && otherFinalizers(ctx).length === 0) return nothingToDo;

  const work = allWork(ctx);
  const { calls, waiting, wakeAt } = stopWork(ctx, work, Number.POSITIVE_INFINITY);
  if (annotations?.[forceDeleteAnnotation] !== undefined) return forced(ctx, calls);
  // Asked once in any case: the clocks of the API server and of this process may differ.
  if (calls.length > 0) return { ...nothingToDo, calls };
  if (waiting.length === 0) return letGo(ctx, work.length === 0 ? [] : [stopped(work.map(({ pod }) => pod))]);

  const deadline = Date.parse(deletionTimestamp) + deletionGraceMs;
  const pods = waiting.map(({ pod }) => pod);
  if (deadline <= ctx.now) return letGo(ctx, [givenUp(pods)], pods);
  return { ...wait(ctx, pods), requeueAfterMs: Math.min(deadline, wakeAt ?? deadline) - ctx.now };
};

/** Each agent is told once, because one that can be reached should stop; then the NodeTask goes, whatever came of that. */
const forced = (ctx: RunContext, calls: readonly AgentCall[]): Decision => {
  const untold = calls.filter(({ taskID }) => (ctx.memory.get(taskID)?.failures ?? 0) === 0);
  return untold.length > 0
    ? { ...nothingToDo, calls: untold }
    : letGo(
        ctx,
        [],
        calls.map(({ pod }) => pod.metadata.name),
      );
};

const otherFinalizers = ({ nodeTask }: RunContext): readonly string[] =>
  (nodeTask.metadata.finalizers ?? []).filter((name) => name !== cancelFinalizer);

/** @param unconfirmed pods whose agents did not say that the work has stopped. */
const letGo = (ctx: RunContext, events: readonly EventNote[], unconfirmed: readonly string[] = []): Decision => {
  const others = otherFinalizers(ctx);
  const change = others.length === 0 ? {} : statusChange(ctx, heldByOthers(ctx, others, new Set(unconfirmed)));
  if (ctx.hasFinalizer) return { ...nothingToDo, ...change, finalizer: 'remove', events };
  return { ...nothingToDo, ...change, events: change.status === undefined ? [] : events };
};

const wait = (ctx: RunContext, pods: readonly string[]): Decision => ({
  ...nothingToDo,
  ...statusChange(
    ctx,
    heldStatus(ctx, {
      standing: 'progressing',
      phase: ctx.sameRun && isTerminal(ctx.status.phase) ? (ctx.status.phase ?? '') : 'Deleting',
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
