import { abortReason, type Clock } from '@nodetask/shared';
import { abortable } from '../node/abortable.ts';
import { startDeadline } from '../node/http/deadline.ts';

export interface Within {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly budgetMs: number;
  /** The error when the budget is used up. */
  readonly late: () => Error;
}

/**
 * Waits for `work` no longer than the budget and the signal allow. `work` is told by its own signal and rejected late errors of it are
 * dropped on purpose: the SDK notices an abort only after the pause before its next try.
 */
export const within = async <T>(
  { clock, signal, budgetMs, late }: Within,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const deadline = startDeadline(clock, signal, budgetMs, late);
  try {
    if (deadline.signal.aborted) throw abortReason(deadline.signal);
    return await abortable(work(deadline.signal), deadline.signal);
  } finally {
    deadline.end();
  }
};
