import { currentTaskID } from './current-task-id.ts';
import type { RunContext } from './run-context.ts';

/**
 * Names of the pods that this run is about, sorted.
 *
 * One-shots keep the pods of their first dispatch; schedules and daemons follow the selector, and keep a pod that is gone until
 * the wait budget ends: a pod that comes back under its name (StatefulSet) finds what status remembers of its schedule.
 * A row that only an agent wrote, with a result of this run's own id, is one where the target names the pod now: then a crash came between its dispatch and
 * the status write. Any other is of a pod that nothing was dispatched to, and that has computed the id by itself.
 */
export const resolveTargets = (ctx: RunContext): readonly string[] => {
  const names = new Set<string>();
  const fixed = ctx.mode === 'one-shot' && ctx.sameRun && ctx.status.startedAt !== undefined;

  for (const row of ctx.status.targets ?? []) {
    // What was removed on its agent is nothing to remember a pod by.
    const ours = row.result?.cancelled !== true && row.result?.id === currentTaskID(ctx, row.pod, row.attempt ?? 1);
    const listed = ctx.sameRun && row.taskID !== undefined;
    const dispatched = fixed ? listed || (ours && ctx.named.has(row.pod)) : listed && ours;
    if (ctx.mode === 'one-shot' ? dispatched : listed && absentWithinBudget(ctx, row.pod)) names.add(row.pod);
  }
  if (!fixed) {
    for (const { metadata } of ctx.selected) names.add(metadata.name);
    const podName = ctx.spec?.target.podName;
    if (podName !== undefined) names.add(podName);
  }
  return [...names].sort();
};

const absentWithinBudget = (ctx: RunContext, pod: string): boolean => {
  if (ctx.podByName.has(pod)) return false;
  const since = ctx.outOfReachSince.get(pod) ?? ctx.now;
  return since + (ctx.spec?.target.waitSeconds ?? 0) * 1000 > ctx.now;
};
