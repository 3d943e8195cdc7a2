import { abortReason, type Clock } from '@nodetask/shared';
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
    return await new Promise<T>((resolve, reject) => {
      const stop = (): void => {
        reject(abortReason(deadline.signal));
      };
      if (deadline.signal.aborted) {
        stop();
        return;
      }
      deadline.signal.addEventListener('abort', stop, { once: true });
      work(deadline.signal).then(resolve, reject);
    });
  } finally {
    deadline.end();
  }
};
