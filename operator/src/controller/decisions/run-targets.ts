import type { Decision, Situation } from '../decision.ts';
import { workOnStatus } from '../known-work.ts';
import { lookPauseMs } from '../queue/look-pause.ts';
import { requeueAt } from '../requeue.ts';
import { awaitedUntil, resolveTargets } from '../resolve-targets.ts';
import { earliest, isTerminal, type RunContext } from '../run-context.ts';
import { stopWork } from '../stop-work.ts';
import { rollOut } from '../strategy/roll-out.ts';
import { oneShotSituation } from '../summary/one-shot-situation.ts';
import { isDaemonNews, isQueueNews, statusChange, statusOf } from '../summary/owned-status.ts';
import { recurringSituation } from '../summary/recurring-situation.ts';
import { type DecidedTarget, hasEnded } from '../summary/rows.ts';
import { decideTarget } from '../target/decide-target.ts';
import { wasDispatched } from '../target/has-begun.ts';
import { targetView } from '../target/target-view.ts';
import type { TaskMode } from '../task-mode.ts';
import { daemonNewsMs, settleMs } from '../timing.ts';
import { ignoredFields } from '../ignored-fields.ts';
import { transitionEvents } from '../transition-events.ts';
import { nothingToDo } from './gate.ts';

/** Brings every target on its way and sums up where they are. Always decides. */
export const runTargets = (ctx: RunContext): Decision => {
  const names = resolveTargets(ctx);
  const { targets, situation } = ctx.mode === 'one-shot' ? oneShot(ctx, names) : recurring(ctx, ctx.mode, names);
  const departed = stopDeparted(ctx, targets);
  const calls = [...targets.flatMap(({ verdict }) => verdict.calls ?? []), ...departed.calls];
  // The finalizer is there before anything can run, and again where somebody has replaced the whole object while something runs.
  const runs = targets.some((target) => wasDispatched(target.view) && !hasEnded(target));
  const finalizer =
    !ctx.hasFinalizer && (runs || calls.some(({ kind }) => kind === 'dispatch')) ? { finalizer: 'add' as const } : {};
  const leave = ctx.mode === 'one-shot' ? [] : names.map((name) => awaitedUntil(ctx, name)).filter(Number.isFinite);
  const wakeAt = earliest([departed.wakeAt, ...leave, ...targets.map(({ verdict }) => verdict.wakeAt)]);

  const ended = isTerminal(situation.phase);
  const settledAt = ended || ctx.mode !== 'one-shot' ? undefined : settleTime(targets);
  if (settledAt !== undefined && settledAt > ctx.now) {
    return { ...nothingToDo, calls, ...finalizer, ...requeueAt(earliest([settledAt, wakeAt]), ctx.now) };
  }

  const change = statusChange(ctx, statusOf(ctx, situation, targets));
  const newsAt = (ctx.writtenAt ?? Number.NEGATIVE_INFINITY) + newsPauseMs(ctx, change.status);
  if (newsAt > ctx.now) {
    return { ...nothingToDo, calls, ...finalizer, ...requeueAt(earliest([newsAt, wakeAt]), ctx.now) };
  }
  return {
    calls,
    ...finalizer,
    ...change,
    dropRows: departed.dropRows,
    events: [...ignoredFields(ctx), ...transitionEvents(ctx.status, change.status)],
    ...requeueAt(ended ? undefined : wakeAt, ctx.now),
    ...(ended && ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}),
  };
};

/** How long after the last write a status is written that says little more than the one before; 0 for all else. */
const newsPauseMs = ({ status: before }: RunContext, wanted: Decision['status']): number => {
  if (wanted === undefined) return 0;
  if (isQueueNews(before, wanted)) return lookPauseMs((wanted.queuePosition ?? 1) - 1);
  return isDaemonNews(before, wanted) ? daemonNewsMs : 0;
};

interface Decided {
  readonly targets: readonly DecidedTarget[];
  readonly situation: Situation;
}

const oneShot = (ctx: RunContext, names: readonly string[]): Decided => {
  const rollout = rollOut(ctx, names);
  return { targets: rollout.targets, situation: oneShotSituation(rollout) };
};

/** A schedule or daemon stays where it is, and so takes no turns: it goes to all its targets at once. */
const recurring = (ctx: RunContext, mode: Exclude<TaskMode, 'one-shot'>, names: readonly string[]): Decided => {
  const targets = names.map((pod): DecidedTarget => {
    const view = targetView(ctx, pod, names.length);
    return { view, verdict: decideTarget(view) };
  });
  return { targets, situation: recurringSituation(targets, mode) };
};

/** Until when "Running" is not worth a write, because the result may be there at once. Nothing is held back while a target waits. */
const settleTime = (targets: readonly DecidedTarget[]): number | undefined => {
  if (!targets.every(({ verdict }) => verdict.state === 'running' || verdict.state === 'succeeded')) return undefined;
  const dispatched = targets.flatMap(({ view: { memory } }) =>
    memory?.dispatch?.kind === 'accepted' ? [memory.dispatch.at] : [],
  );
  return dispatched.length === 0 ? undefined : Math.max(...dispatched) + settleMs;
};

/**
 * Work in a pod that is being deleted ends with it. It is not removed: the agent of the next pod with that volume would never execute its id again.
 */
const endsByItself = ({ podByName, named }: RunContext, pod: string): boolean =>
  podByName.get(pod)?.leavingAt !== undefined && named.has(pod);

/** Work that is none of this run's targets: it is stopped, then the rows of pods that are targets no longer go. */
const stopDeparted = (
  ctx: RunContext,
  targets: readonly DecidedTarget[],
): Pick<Decision, 'calls' | 'dropRows'> & { readonly wakeAt?: number } => {
  const pods = new Set(targets.map(({ view }) => view.pod));
  const current = new Set(targets.map(({ view }) => view.taskID));
  const work = workOnStatus(ctx).filter(({ taskID, pod }) => !current.has(taskID) && !endsByItself(ctx, pod));
  const { calls, waiting, wakeAt } = stopWork(ctx, work, (ctx.spec?.target.waitSeconds ?? 0) * 1000);
  const stopping = new Set(waiting.map(({ pod }) => pod));
  const dropRows = (ctx.status.targets ?? [])
    .map(({ pod }) => pod)
    .filter((pod) => !pods.has(pod) && !stopping.has(pod));
  return { calls, dropRows, ...(wakeAt === undefined ? {} : { wakeAt }) };
};
