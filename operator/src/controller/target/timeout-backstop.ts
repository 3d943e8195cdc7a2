import { timeoutBackstopMs } from '../timing.ts';
import type { TargetDecision, TargetView } from './target-view.ts';

/** Whether the task has run so much longer than spec.timeoutSeconds that the operator stops it. */
export const isOverdue = ({ ctx, row }: Pick<TargetView, 'ctx' | 'row'>): boolean => {
  const timeoutSeconds = ctx.spec?.timeoutSeconds;
  if (ctx.mode !== 'one-shot' || timeoutSeconds === undefined || row?.startedAt === undefined) return false;
  return Date.parse(row.startedAt) + timeoutSeconds * 1000 + timeoutBackstopMs <= ctx.now;
};

/** The agent ends a one-shot at its timeout; where it has not, the operator stops the task itself. */
export const timeoutBackstop: TargetDecision = (view) => {
  if (!isOverdue(view)) return undefined;
  const { ctx, memory, agentPod, taskID, result } = view;
  const message = `the task ran longer than spec.timeoutSeconds (${ctx.spec?.timeoutSeconds} s) and its agent did not end it`;
  const stopped = memory?.stopped === true || result?.cancelled === true;
  const pending = agentPod?.address !== undefined && !stopped && memory?.silence === undefined;
  // Only what is known to have stopped is tried again.
  const again = stopped ? { retriable: true } : {};
  if (!pending) return { state: 'failed', reason: 'TimedOut', message, ...again };
  const due = (memory?.retryAt ?? 0) <= ctx.now;
  return {
    state: 'running',
    reason: 'Running',
    message: `${message}; stopping it`,
    ...(due ? { calls: [{ kind: 'remove', pod: agentPod, taskID }] } : {}),
    ...(due || memory?.retryAt === undefined ? {} : { wakeAt: memory.retryAt }),
  };
};
