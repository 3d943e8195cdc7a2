import { momentText } from '@nodetask/shared';
import { staleUntil } from '../dependencies/stale-end.ts';
import { outOfReach, type Reason } from '../reasons.ts';
import { earliest, type RunContext } from '../run-context.ts';
import type { TargetVerdict, TargetView } from './target-view.ts';

/**
 * When the wait of the run began. status holds it in the time of its Reconciling condition, so that a restart of the operator does
 * not begin the wait anew; once the budget has ended, the Stalled condition holds that it has.
 */
export const runWaitStart = (ctx: RunContext): number => {
  const { conditions = [] } = ctx.status;
  const stalled = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
  if (ctx.sameRun && stalled !== undefined && stalled.reason in outOfReach) return Number.NEGATIVE_INFINITY;
  const dependsOn = ctx.spec?.dependsOn ?? [];
  const held = dependsOn.length === 0 ? Number.NEGATIVE_INFINITY : releasedAt(ctx, dependsOn);
  return Math.max(reconcilingSince(ctx), held);
};

/** Since when this run has been on its way, as far as status says; it begins now where nobody has looked at it. */
export const reconcilingSince = ({ status: { conditions = [] }, sameRun, now }: RunContext): number => {
  const reconciling = conditions.find(({ type, status }) => type === 'Reconciling' && status === 'True');
  return sameRun && reconciling !== undefined ? Date.parse(reconciling.lastTransitionTime) : now;
};

/** When spec.dependsOn let the run begin: with the last of them that completed; once it has begun, they may be gone. */
const releasedAt = (ctx: RunContext, names: readonly string[]): number => {
  const { sameRun, status, dependencies, nodeTask } = ctx;
  if (sameRun && status.startedAt !== undefined) return Date.parse(status.startedAt);
  const ends = names.map((name) => {
    const dependency = dependencies.get(name);
    if (dependency === undefined) return Number.NaN;
    const stale = staleUntil(dependency, nodeTask.spec.runID, reconcilingSince(ctx));
    return stale ?? Date.parse(dependency.status?.completedAt ?? '');
  });
  return Math.max(...ends.filter((end) => !Number.isNaN(end)));
};

const waitMs = ({ spec }: RunContext): number => (spec?.target.waitSeconds ?? 0) * 1000;

/**
 * When the wait for a target began: with the run, with its turn, with the pod, or with the silence of an agent that had answered
 * before, or that nobody found silent while the budget lasted; the last of these.
 */
const waitStart = ({ ctx, pod, agentPod, row, attempt, memory, silence, turnAt }: TargetView): number => {
  const start = runWaitStart(ctx);
  const never = Number.NEGATIVE_INFINITY;
  const seenLost = ctx.outOfReachSince.get(pod) ?? silence?.since;
  const contacted = row?.startedAt !== undefined || memory?.dispatch !== undefined || attempt > 1;
  // Such as after a long time in the queue of an agent, which needs no answer of the agent.
  const lostLate = seenLost !== undefined && seenLost > start + waitMs(ctx);
  const lost = start > never && (contacted || lostLate) ? (seenLost ?? ctx.now) : undefined;
  return Math.max(start, agentPod?.createdAt ?? never, lost ?? never, turnAt ?? never);
};

/** Waits as long as spec.target.waitSeconds allows; then the target of a one-shot has failed, and that of another task stalls. */
export const waitOrGiveUp = (
  view: TargetView,
  waiting: { readonly reason: Reason; readonly message: string } & Pick<TargetVerdict, 'calls' | 'wakeAt'>,
): TargetVerdict => {
  const { ctx, row } = view;
  const waitSeconds = ctx.spec?.target.waitSeconds ?? 0;
  const deadline = waitStart(view) + waitSeconds * 1000;
  const { reason, message, calls, wakeAt } = waiting;

  const isAsking = ctx.underWay.has(view.taskID);
  if (deadline > ctx.now || isAsking) {
    const wake = isAsking ? wakeAt : earliest([deadline, wakeAt]);
    return {
      state: row?.startedAt !== undefined && ctx.mode === 'one-shot' ? 'running' : 'pending',
      reason,
      message: `${message}; waiting until ${momentText(deadline)}`,
      ...(calls === undefined ? {} : { calls }),
      ...(wake === undefined ? {} : { wakeAt: wake }),
    };
  }
  const advice = `gave up after spec.target.waitSeconds (${waitSeconds} s)`;
  if (ctx.mode === 'one-shot') return { state: 'failed', reason, message: `${message}; ${advice}` };
  return {
    state: 'stalled',
    reason,
    message: `${message}; waits for longer than spec.target.waitSeconds (${waitSeconds} s)`,
    ...(calls === undefined ? {} : { calls }),
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
};
