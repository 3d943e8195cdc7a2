import { type ErrorCode, errorCodeEntry } from './error-codes.ts';
import { failureParts, type FailureParts } from './failure-text.ts';
import type { JsonObject } from './json.ts';

export interface TaskErrorOptions {
  readonly cause?: unknown;
  /** Details for the caller: faults, blockedBy, … */
  readonly details?: JsonObject;
  /** What the run produced before it failed. */
  readonly output?: JsonObject;
  /** What to do, where the registry does not know it; for messages that end with words of somebody else. Ends the message. */
  readonly remedy?: string;
  /** Overrides the registry's word on whether trying again may help. */
  readonly retriable?: boolean;
}

/** An error with a code of the registry: thrown where a request is refused or a task fails for a known reason. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly details: JsonObject | undefined;
  readonly output: JsonObject | undefined;
  /** What went wrong, and what to do. */
  readonly parts: FailureParts;

  constructor(code: ErrorCode, message: string, options: TaskErrorOptions = {}) {
    const { remedy } = options;
    const cause = remedy === undefined ? message : message.replace(/[.\s]{1,9}$/u, '');
    super(
      remedy === undefined ? message : `${cause}: ${remedy}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.parts = partsOf(cause, remedy);
    this.code = code;
    this.retriable = options.retriable ?? errorCodeEntry(code).retriable;
    this.details = options.details;
    this.output = options.output;
  }
}

/** A remedy may begin with what else is known: "the store is full: free space there". */
const partsOf = (cause: string, remedy: string | undefined): FailureParts => {
  if (remedy === undefined) return failureParts(cause);
  const { cause: more, remedy: advice } = failureParts(`: ${remedy}`);
  return advice === undefined ? { cause: `${cause}${more}` } : { cause: `${cause}${more}`, remedy: advice };
};
