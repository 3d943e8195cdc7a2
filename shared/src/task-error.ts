import { type ErrorCode, errorCodeEntry } from './error-codes.ts';
import type { JsonObject } from './json.ts';

export interface TaskErrorOptions {
  readonly cause?: unknown;
  /** Details for the caller: faults, blockedBy, … */
  readonly details?: JsonObject;
  /** What the run produced before it failed. */
  readonly output?: JsonObject;
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

  constructor(code: ErrorCode, message: string, options: TaskErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = options.retriable ?? errorCodeEntry(code).retriable;
    this.details = options.details;
    this.output = options.output;
  }
}
