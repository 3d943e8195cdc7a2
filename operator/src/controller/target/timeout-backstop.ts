import { timeoutBackstopMs } from '../timing.ts';
import type { TargetDecision } from './target-view.ts';

/** The agent ends a one-shot at its timeout; where it has not, the operator stops the task itself. */
export const timeoutBackstop: TargetDecision = ({ ctx, row, memory, agentPod, taskID }) => {
  const timeoutSeconds = ctx.spec?.timeoutSeconds;
  if (ctx.mode !== 'one-shot' || timeoutSeconds === undefined || row?.startedAt === undefined) return undefined;
  if (Date.parse(row.startedAt) + timeoutSeconds * 1000 + timeoutBackstopMs > ctx.now) return undefined;

  const message = `the task ran longer than spec.timeoutSeconds (${timeoutSeconds} s) and its agent did not end it`;
  const pending = agentPod?.address !== undefined && memory?.stopped !== true && memory?.silence === undefined;
  // Only what is known to have stopped is tried again.
  const again = memory?.stopped === true ? { retriable: true } : {};
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
