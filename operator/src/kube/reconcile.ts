import type { Logger } from '@nodetask/shared';

/** What one reconcile is given. */
export interface ReconcileContext {
  /** Aborts when the reconcile ran out of time, when leadership was lost, or when the process stops. */
  readonly signal: AbortSignal;
  /** Says `key` and `reconcileId` in each line. */
  readonly logger: Logger;
  /** When there became something to do, in milliseconds of the monotonic clock. */
  readonly dueAt: number;
}

export interface ReconcileResult {
  /** Reconcile this key again after so many milliseconds, unless an event comes first. */
  readonly requeueAfterMs?: number;
}

/**
 * Brings one object to what its spec asks. Throwing an error has the key come again with backoff; a conflict (409) has it come again
 * at once; TerminalError not at all.
 */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<ReconcileResult>;

/** Thrown by a reconcile when trying again cannot help: the status already says why, and the next event brings the key back. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
