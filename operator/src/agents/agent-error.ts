import type { BlockedBy } from '@nodetask/shared';

/**
 * What a failed call means for the caller:
 *   silent   no answer, or none that says anything about the task: try again later; see Silence
 *   busy     the agent works on something else: try again when `blockedBy` has ended
 *   refused  this request never succeeds
 *   gone     the id was removed and is never executed again
 *   missing  the agent does not know the id
 *   fenced   the agent has seen a higher fence, which is `fence`: a newer operator leads, or the Lease was put back
 */
export type AgentErrorKind = 'silent' | 'busy' | 'refused' | 'gone' | 'missing' | 'fenced';

/**
 * Why an agent says nothing about the task, where it can be reached:
 *   unable     it answers that it cannot work: its volume is full, it stops, it has too much to do
 *   untrusted  it and the operator do not accept each other's certificate or token
 */
export type Silence = 'unable' | 'untrusted';

export interface AgentErrorOptions {
  /** Of `silent`; absent where the agent cannot be reached, or something else answers. */
  readonly why?: Silence;
  /** Code of the error registry, as the agent said it; absent where it said none. */
  readonly code?: string;
  readonly retryAfterMs?: number;
  readonly blockedBy?: BlockedBy;
  /** Of `fenced`: what the agent has seen; absent if it does not say. */
  readonly fence?: number;
  readonly cause?: unknown;
}

/** A call to an agent failed. The message holds what the agent said, cut and free of control characters; that of `silent` names the agent and where it is. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly kind: AgentErrorKind;
  readonly why: Silence | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly blockedBy: BlockedBy | undefined;
  readonly fence: number | undefined;

  constructor(kind: AgentErrorKind, message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.why = options.why;
    this.code = options.code;
    this.retryAfterMs = options.retryAfterMs;
    this.blockedBy = options.blockedBy;
    this.fence = options.fence;
  }
}
