import { isTerminal } from '../run-context.ts';
import { errorOf } from './ended-result.ts';
import type { TargetDecision } from './target-view.ts';

/** A target that has ended stays as it is, whatever its agent says later. */
export const keepFinished: TargetDecision = ({ row, result, unreportedSince }) => {
  if (row === undefined || !isTerminal(row.phase)) return undefined;
  // What its result says stands there alone.
  const message = row.message ?? errorOf(result) ?? '';
  if (row.phase === 'Succeeded') {
    const isClean = (result?.warnings ?? []).length === 0 && unreportedSince === undefined;
    const reason = isClean ? 'Succeeded' : 'WithWarnings';
    return { state: 'succeeded', reason, message };
  }
  if (row.phase === 'Cancelled') return { state: 'cancelled', reason: 'Cancelled', message };
  return { state: 'failed', reason: result?.errorCode === 'timed-out' ? 'TimedOut' : 'TaskFailed', message };
};
