import type { TargetStatus } from '@nodetask/shared';
import { attemptOf } from './attempt-of.ts';
import { currentTaskID } from './current-task-id.ts';
import type { RunContext } from './run-context.ts';
import { takesWork } from './select-pods.ts';

/**
 * Names of the pods that this run is about, sorted. Every count of targets (a percentage, a summary, the most that there may be) is of these.
 *
 * New ones are pods that the target names and that take work: what has ended, or is being deleted, can run nothing. One-shots keep the pods of their
 * first dispatch; schedules and daemons follow the selector, and keep a pod that is gone or can run nothing any more until the wait budget ends: a pod
 * that comes back under its name (StatefulSet) finds what status remembers of its schedule.
 */
export const resolveTargets = (ctx: RunContext): readonly string[] => {
  const names = new Set<string>();
  const fixed = ctx.mode === 'one-shot' && ctx.sameRun && ctx.status.startedAt !== undefined;

  for (const row of ctx.status.targets ?? []) {
    const listed = ctx.sameRun && row.taskID !== undefined;
    const dispatched = (fixed && listed) || (isOurs(ctx, row) && (listed || ctx.named.has(row.pod)));
    if (ctx.mode === 'one-shot' ? dispatched : listed && awaitedUntil(ctx, row.pod) !== undefined) names.add(row.pod);
  }
  if (ctx.mode === 'one-shot') {
    for (const { metadata } of ctx.matching) if (isWithAgent(ctx, metadata.name)) names.add(metadata.name);
  }
  if (!fixed) {
    for (const { metadata } of ctx.selected) names.add(metadata.name);
    const podName = ctx.spec?.target.podName;
    if (podName !== undefined) names.add(podName);
  }
  return [...names].sort();
};

/**
 * Whether a row has a result of this run's own id. A row that only an agent wrote counts where the target names the pod now: then a crash came between its
 * dispatch and the status write. Any other is of a pod that nothing was dispatched to, and that has computed the id by itself.
 */
const isOurs = (ctx: RunContext, { pod, result, attempt = 1 }: TargetStatus): boolean =>
  // What was removed on its agent is nothing to remember a pod by.
  result?.cancelled !== true && result?.id === currentTaskID(ctx, pod, attempt);

/** Whether this process has given the task to the agent of a pod, or is about to: status may not say so yet. */
const isWithAgent = (ctx: RunContext, pod: string): boolean => {
  const id = currentTaskID(ctx, pod, attemptOf(ctx, pod));
  return ctx.underWay.has(id) || ctx.memory.get(id)?.dispatch?.kind === 'accepted';
};

/**
 * Until when a pod that takes no work any more is held for a target, because one may come back under its name; undefined where that is over, or it is a target
 * of its own. One that is being deleted has its work until it is gone, unless its agent is silent: the pods of a machine that is lost stay for ever.
 */
export const awaitedUntil = (ctx: RunContext, name: string): number | undefined => {
  const pod = ctx.podByName.get(name);
  // It is there, and the selector does not match it any more; or it takes work.
  if (pod !== undefined && (!ctx.named.has(name) || takesWork(pod))) return undefined;
  const leavingAt = pod?.ended === true ? undefined : pod?.leavingAt;
  if (leavingAt !== undefined && !isSilent(ctx, name)) return Number.POSITIVE_INFINITY;
  const since = leavingAt ?? ctx.outOfReachSince.get(name) ?? ctx.now;
  const until = since + (ctx.spec?.target.waitSeconds ?? 0) * 1000;
  return until > ctx.now ? until : undefined;
};

const isSilent = (ctx: RunContext, pod: string): boolean =>
  ctx.memory.get(currentTaskID(ctx, pod, attemptOf(ctx, pod)))?.silence !== undefined;
