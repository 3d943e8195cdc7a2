import { momentText } from '@nodetask/shared';
import { heldBackVerdict } from './held-back.ts';
import { backoffMs } from './retry-backoff.ts';
import type { TargetVerdict, TargetView } from './target-view.ts';

/**
 * spec.retry: what becomes of a failed attempt. One that may be tried again waits out its pause; then the number of the next attempt goes
 * to status, and only from there to the agent. Everything else is the target's failure, and says so.
 */
export const retry = (view: TargetView, verdict: TargetVerdict): TargetVerdict => {
  const { ctx, attempt, pod, row, taskID } = view;
  const policy = ctx.spec?.retry;
  if (verdict.state !== 'failed' || verdict.retriable === undefined) return verdict;
  if (ctx.mode !== 'one-shot' || policy === undefined || policy.limit === 0) return verdict;

  const { message } = verdict;
  const attempts = policy.limit + 1;
  if (!verdict.retriable)
    return { ...verdict, message: `${message} (not retried: another attempt would fail as well)` };
  if (attempt > policy.limit) return { ...verdict, message: `${message} (attempt ${attempt} of ${attempts})` };

  // By this operator's clock, not the agent's, from when it has first seen the end; status holds it.
  const endedAt = row?.completedAt === undefined ? ctx.now : Date.parse(row.completedAt);
  const dueAt = endedAt + backoffMs(policy, attempt, taskID);
  const next = `attempt ${attempt + 1} of ${attempts}`;
  if (dueAt > ctx.now) {
    return {
      state: 'pending',
      reason: 'BackingOff',
      message: `attempt ${attempt} on ${pod} failed: ${message}; ${next} begins at ${momentText(dueAt)}`,
      attemptFailure: message,
      wakeAt: dueAt,
    };
  }
  if (ctx.spec?.suspend === true) {
    return { ...heldBackVerdict, message: `${next} on ${pod} is held back by spec.suspend`, attemptFailure: message };
  }
  return {
    state: 'pending',
    reason: 'Dispatching',
    message: `${next} on ${pod} begins`,
    nextAttempt: attempt + 1,
    wakeAt: ctx.now,
  };
};
