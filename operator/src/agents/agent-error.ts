import type { BlockedBy } from '@nodetask/shared';

/**
 * What a failed call means for the caller:
 *   silent   no answer, or none that says anything about the task: try again later
 *   busy     the agent works on something else: try again when `blockedBy` has ended
 *   refused  this request never succeeds
 *   gone     the id was removed and is never executed again
 *   missing  the agent does not know the id
 *   fenced   a newer operator leads: this process must stop
 */
export type AgentErrorKind = 'silent' | 'busy' | 'refused' | 'gone' | 'missing' | 'fenced';

export interface AgentErrorOptions {
  /** Code of the error registry, as the agent said it; absent where it said none. */
  readonly code?: string;
  readonly retryAfterMs?: number;
  readonly blockedBy?: BlockedBy;
  readonly cause?: unknown;
}

/** A call to an agent failed. The message holds what the agent said, cut and free of control characters. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly kind: AgentErrorKind;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly blockedBy: BlockedBy | undefined;

  constructor(kind: AgentErrorKind, message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code;
    this.retryAfterMs = options.retryAfterMs;
    this.blockedBy = options.blockedBy;
  }
}
