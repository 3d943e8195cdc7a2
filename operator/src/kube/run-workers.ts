import type { Clock, LogFields, Logger } from '@nodetask/shared';
import { ApiError, isConflict } from './api-error.ts';
import { onAbort, withDeadline } from './deadline.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import { type Reconcile, type ReconcileContext, TerminalError } from './reconcile.ts';
import type { WorkQueue } from './work-queue.ts';

export interface WorkersOptions {
  /** Keys in work at the same time. */
  readonly concurrency: number;
  /** Ends everything now: no new keys, and running reconciles are aborted. */
  readonly signal: AbortSignal;
  /** Ends it gently: no new keys, running reconciles may finish. */
  readonly drain?: AbortSignal;
  /** Budget of one reconcile. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  /** Milliseconds for which a key must rest before its reconcile, 0 for none: see ReadYourWrites. */
  readonly hold?: (key: string) => number;
  /** Further fields of each line of a reconcile. */
  readonly about?: (key: string) => LogFields;
}

/** Conflicts in a row that are retried at once; further ones wait, or two writers could spin. */
const maxQuickConflicts = 5;

/** The longest wait after a failure that is not the key's: 10 s after an outage of the API server nothing may be behind. */
const outageRetryMs = 5000;
/** An API server that has just started knows no roles yet; where they are missing for good, trying often is of no use. */
const unauthorizedRetryMs = 300_000;

/** The longest wait after this failure where it is not the key's; else undefined. */
const longestOutageWait = (error: unknown): number | undefined => {
  if (!(error instanceof ApiError)) return undefined;
  if (error.code === 401 || error.code === 403) return unauthorizedRetryMs;
  return error.retriable && !isConflict(error) ? outageRetryMs : undefined;
};

/** Works on the keys of `queue` until `signal` or `drain` aborts; resolves when the last reconcile has ended. Closes the queue. */
export const runWorkers = async (queue: WorkQueue, reconcile: Reconcile, options: WorkersOptions): Promise<void> => {
  const conflicts = new Map<string, number>();
  const unlink = [options.signal, options.drain].map((signal) =>
    onAbort(signal, () => {
      queue.close();
    }),
  );
  const forget = (key: string): void => {
    queue.forget(key);
    conflicts.delete(key);
  };
  const worker = async (): Promise<void> => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      try {
        await handle(key);
      } finally {
        queue.done(key);
      }
    }
  };
  const handle = async (key: string): Promise<void> => {
    const holdMs = options.hold?.(key) ?? 0;
    if (holdMs > 0) {
      queue.addAfter(key, holdMs);
      return;
    }
    const reconcileId = Math.floor(options.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    const logger = options.logger.child({ key, ...options.about?.(key), reconcileId });
    const dueAt = queue.dueAt(key) ?? options.clock.monotonic();
    options.metrics.reconciled(queue.name, await runOne(key, logger, dueAt));
  };
  const runOne = async (key: string, logger: Logger, dueAt: number): Promise<string> => {
    try {
      const { requeueAfterMs } = await withDeadline(
        {
          clock: options.clock,
          timeoutMs: options.timeoutMs,
          signal: options.signal,
          timeoutError: () => new Error(`reconcile of ${key} took longer than ${String(options.timeoutMs)} ms`),
        },
        async (signal) => reconcile(key, { signal, logger, dueAt } satisfies ReconcileContext),
      );
      forget(key);
      if (requeueAfterMs === undefined) return 'success';
      queue.addAfter(key, requeueAfterMs);
      return 'requeue';
    } catch (error) {
      return onError(key, error, logger);
    }
  };
  const onError = (key: string, error: unknown, logger: Logger): string => {
    if (options.signal.aborted) {
      logger.info('reconcile aborted', { error });
      return 'aborted';
    }
    if (error instanceof TerminalError) {
      forget(key);
      logger.error('reconcile failed for good', { error });
      return 'terminal';
    }
    const quickConflicts = conflicts.get(key) ?? 0;
    if (isConflict(error) && quickConflicts < maxQuickConflicts) {
      conflicts.set(key, quickConflicts + 1);
      logger.info('the object changed meanwhile, reconciling again', { error });
      queue.add(key);
      return 'conflict';
    }
    const outageWaitMs = longestOutageWait(error);
    if (outageWaitMs === undefined) queue.addRateLimited(key);
    else queue.addAfterOutage(key, outageWaitMs);
    logger.error('reconcile failed, trying again later', { error, failures: queue.failures(key) });
    return 'error';
  };
  try {
    await Promise.all(Array.from({ length: options.concurrency }, worker));
  } finally {
    for (const stop of unlink) stop();
  }
};
