import {
  type ErrorCode,
  errorCodeEntry,
  type FailureParts,
  failureTextOf,
  type JsonObject,
  maxOutputBytes,
  TaskError,
} from '@nodetask/shared';
import { fitOutput } from './fit-output.ts';
import { jsonCopy } from './canonical-json.ts';

/** Why a run failed, as the result tells it. */
export interface Failure {
  /** "What went wrong. What to do"; the remedy is that of the registry where the message has none of its own. */
  readonly text: string;
  readonly code: ErrorCode;
  readonly retriable: boolean;
  /** What the run produced before it failed. */
  readonly output?: JsonObject;
}

/** The most characters of an error text in the journal. */
const maxErrorText = 4096;

/** The failure that an error means; what is no TaskError is a handler's own fault, `handler-failed`. */
export const failureOf = (error: unknown): Failure => {
  const code = error instanceof TaskError ? error.code : 'handler-failed';
  const entry = errorCodeEntry(code);
  const parts = partsOf(error);
  // A server may have written it, at any length: what is cut off below is not looked at either.
  const text = failureTextOf(code, { ...parts, cause: printable(parts.cause.slice(0, maxErrorText + 1)) });
  const output = error instanceof TaskError ? partialOutput(error) : undefined;
  return {
    text: text.length > maxErrorText ? `${text.slice(0, maxErrorText - 1)}…` : text,
    code,
    retriable: error instanceof TaskError ? error.retriable : entry.retriable,
    ...(output === undefined ? {} : { output }),
  };
};

/** The cause of a failure, and the remedy if the error names one itself. */
const partsOf = (error: unknown): FailureParts => {
  if (error instanceof TaskError) return error.parts;
  return { cause: error instanceof Error ? error.message : String(error) };
};

/** A partial output that is no JSON must not hide the error that carries it. */
const partialOutput = (error: TaskError): JsonObject | undefined => {
  if (error.output === undefined) return undefined;
  try {
    return fitOutput(jsonCopy(error.output), maxOutputBytes);
  } catch (cause) {
    return { outputLost: `the partial output is no JSON: ${cause instanceof Error ? cause.message : String(cause)}` };
  }
};

/** Errors come from anywhere: no control characters in logs, statuses and terminals. Line ends stay. */
// oxlint-disable-next-line no-control-regex
const printable = (text: string): string => text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]+/gu, ' ');
