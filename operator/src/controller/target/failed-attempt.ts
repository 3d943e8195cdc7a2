import { isTerminal } from '../run-context.ts';
import { endedResult } from './ended-result.ts';
import type { TargetDecision } from './target-view.ts';

/**
 * Status says that the attempt has failed in a way that may be tried again (it has ended, the target has not). The agent's result need not
 * be there any more: nothing of this attempt is sent again.
 */
export const failedAttempt: TargetDecision = (view) => {
  const { row } = view;
  if (row?.completedAt === undefined || isTerminal(row.phase)) return undefined;
  const ended = endedResult(view);
  if (ended !== undefined) return ended.state === 'failed' ? { ...ended, retriable: true } : ended;
  return { state: 'failed', reason: 'TaskFailed', message: row.message ?? 'the attempt failed', retriable: true };
};
