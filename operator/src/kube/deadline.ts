import { abortReason, type Clock } from '@nodetask/shared';

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the work as well. */
  readonly signal?: AbortSignal | undefined;
  /** What the work is aborted with when its time is over. */
  readonly timeoutError: () => Error;
}

/**
 * Runs `work` with a signal that aborts after `timeoutMs` or with `signal`, whichever comes first. Waits for `work` itself to
 * end; if it fails after the abort, the cause of the abort is thrown, not what `work` made of it.
 */
export const withDeadline = async <T>(
  { clock, timeoutMs, signal, timeoutError }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  if (signal?.aborted === true) throw abortReason(signal);
  const controller = new AbortController();
  const unlink = onAbort(signal, (reason) => {
    controller.abort(reason);
  });
  const cancel = clock.setTimer(timeoutMs, () => {
    controller.abort(timeoutError());
  });
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? abortReason(controller.signal) : error;
  } finally {
    cancel();
    unlink();
  }
};

/** Calls back once with the reason when `signal` aborts, at once if it has. Returns how to stop listening. */
export const onAbort = (signal: AbortSignal | undefined, callback: (reason: Error) => void): (() => void) => {
  if (signal === undefined) return () => undefined;
  const listener = (): void => {
    callback(abortReason(signal));
  };
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => {
    signal.removeEventListener('abort', listener);
  };
};

/** `promise`, unless `signal` aborts first: then its reason is thrown, and `promise` goes on without this caller. */
export const abortable = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const aborted = Promise.withResolvers<never>();
  const unlink = onAbort(signal, (reason) => {
    aborted.reject(reason);
  });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    unlink();
  }
};
