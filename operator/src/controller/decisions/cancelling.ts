import { shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import { allWork } from '../known-work.ts';
import { requeueAt } from '../requeue.ts';
import { resolveTargets } from '../resolve-targets.ts';
import type { RunContext } from '../run-context.ts';
import { stopWork } from '../stop-work.ts';
import { endSituation } from '../summary/end-situation.ts';
import { statusChange, statusOf } from '../summary/owned-status.ts';
import { type DecidedTarget, hasEnded } from '../summary/rows.ts';
import { endedResult } from '../target/ended-result.ts';
import { keepFinished } from '../target/keep-finished.ts';
import { retry } from '../target/retry.ts';
import { type TargetVerdict, type TargetView, targetView } from '../target/target-view.ts';
import { transitionEvents } from '../transition-events.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { heldStatus } from './hold.ts';

/** spec.cancel: stops the work and ends as Cancelled. Targets that had ended before keep their end. */
export const cancelling: Gate = (ctx) => {
  if (ctx.nodeTask.spec.cancel !== true) return undefined;
  const { calls, waiting, givenUp, wakeAt } = stopWork(ctx, allWork(ctx), (ctx.spec?.target.waitSeconds ?? 0) * 1000);
  if (waiting.length > 0) {
    const message = `stopping the work on ${shortList(waiting.map(({ pod }) => pod))}`;
    const held = heldStatus(ctx, {
      standing: 'progressing',
      phase: ctx.sameRun ? (ctx.status.phase ?? 'Pending') : 'Pending',
      reason: 'Cancelling',
      message,
    });
    return { ...nothingToDo, calls, ...statusChange(ctx, held), ...requeueAt(wakeAt, ctx.now) };
  }

  const unconfirmed = new Set(givenUp.map(({ pod }) => pod));
  const targets = startedTargets(ctx, unconfirmed);
  const change = statusChange(ctx, statusOf(ctx, endOf(targets), targets));
  return {
    ...nothingToDo,
    ...change,
    events: transitionEvents(ctx.status, change.status),
    ...(ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}),
  };
};

const startedTargets = (ctx: RunContext, unconfirmed: ReadonlySet<string>): readonly DecidedTarget[] => {
  const names = resolveTargets(ctx);
  return names.flatMap((pod) => {
    const view = targetView(ctx, pod, names.length);
    if (view.row === undefined && view.result === undefined && view.memory?.dispatch === undefined) return [];
    const message = unconfirmed.has(pod)
      ? 'cancelled, but the agent did not confirm that the work has stopped'
      : 'cancelled by spec.cancel';
    const verdict = keepFinished(view) ?? endOfWork(view) ?? { state: 'cancelled', reason: 'Cancelled', message };
    return [{ view, verdict }];
  });
};

/** A failed attempt that another was to follow is no end, and what this very cancel did is told in its own words. */
const endOfWork = (view: TargetView): TargetVerdict | undefined => {
  const ended = endedResult(view);
  if (ended === undefined) return undefined;
  const verdict = retry(view, ended);
  return hasEnded({ view, verdict }) && verdict.state !== 'cancelled' ? verdict : undefined;
};

const endOf = (targets: readonly DecidedTarget[]): Situation =>
  targets.length === 0
    ? {
        standing: 'cancelled',
        phase: 'Cancelled',
        reason: 'Cancelled',
        message: 'cancelled before it was dispatched; change spec.runID to run it',
      }
    : endSituation(targets);
