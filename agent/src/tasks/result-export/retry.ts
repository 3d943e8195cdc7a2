import { abortReason, type Clock, sleep, TaskError } from '@nodetask/shared';

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The first try included. */
  readonly tries: number;
  /** Pause before the second try; it doubles. */
  readonly firstPauseMs: number;
}

/** Tries again what failed for a reason that may pass. The last error says how often it was tried. */
export const retry = async <T>(
  { clock, signal, tries, firstPauseMs }: RetryOptions,
  work: () => Promise<T>,
): Promise<T> => {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      if (!(error instanceof TaskError) || !error.retriable) throw error;
      if (tried >= tries) throw tired(error, tries);
      await sleep(clock, firstPauseMs * 2 ** (tried - 1), signal);
    }
  }
};

const tired = (error: TaskError, tries: number): TaskError => {
  const { code, message, details } = error;
  return new TaskError(code, `${message} (tried ${tries} times)`, {
    cause: error,
    ...(details === undefined ? {} : { details }),
  });
};
