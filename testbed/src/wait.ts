// Waiting for something outside this process that has no event to listen to. Every wait has a budget and says what it waited for.
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is awaited, for the error: "kube-apiserver to answer /readyz with 200". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Pause between two tries (default 50 ms). */
  readonly intervalMs?: number;
  /** Ends the wait early with the signal's reason. */
  readonly signal?: AbortSignal;
  /** More about the last try, for the error. */
  readonly detail?: () => string;
}

/** Thrown by waitFor when its budget is used up: usually the awaited server is broken or the machine is overloaded. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError';
}

/** Calls `probe` until it answers something other than undefined or false, and answers that. An error of the probe ends the wait. */
export async function waitFor<T>(
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const { what, timeoutMs, intervalMs = 50, signal, detail } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() >= deadline) {
      const more = detail === undefined ? '' : `: ${detail()}`;
      throw new WaitTimeoutError(`waited ${timeoutMs} ms for ${what}${more}`);
    }
    await sleep(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}
