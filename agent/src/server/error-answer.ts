import { type ApiErrorBody, errorCodeEntry, TaskError } from '@nodetask/shared';
import type { Response } from 'express';

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ApiErrorBody;
  readonly headers: Readonly<Record<string, string>>;
  /** Not the caller's fault: goes to the log with its stack. */
  readonly unexpected: boolean;
}

/** When to try again, in seconds, where the registry says that it may help. */
const retryAfter: Readonly<Record<string, number>> = {
  busy: 1,
  'too-many-connections': 5,
  stopping: 5,
  'store-unavailable': 5,
  'not-ready': 2,
};

/** Any error that a route throws as the answer to the caller. What the caller cannot help is not shown to him. */
export const errorAnswer = (error: unknown, requestID: string): ErrorAnswer => {
  const known = error instanceof TaskError ? error : fromExpress(error);
  if (known === undefined) {
    return {
      status: 500,
      body: {
        error: `The agent failed at this request. Its log has more under the request id ${requestID}.`,
        code: 'internal',
        retriable: true,
      },
      headers: {},
      unexpected: true,
    };
  }
  const seconds = retryAfter[known.code];
  return {
    // A code without a status comes from a handler that refuses params.
    status: errorCodeEntry(known.code).status ?? 400,
    body: {
      error: known.message,
      code: known.code,
      retriable: known.retriable,
      ...(known.details === undefined ? {} : { details: known.details }),
    },
    headers: {
      ...(seconds === undefined ? {} : { 'Retry-After': String(seconds) }),
      ...(known.code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer realm="nodetask-agent"' } : {}),
      ...(known.code === 'payload-too-large' ? { Connection: 'close' } : {}),
    },
    unexpected: errorCodeEntry(known.code).status === 500,
  };
};

/** The router throws for percent signs that it cannot decode. */
const fromExpress = (error: unknown): TaskError | undefined =>
  error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)
    ? new TaskError(
        'invalid-request',
        'The path is not valid: a % must be followed by two hexadecimal digits of UTF-8.',
      )
    : undefined;

export const sendError = (response: Response, answer: ErrorAnswer): void => {
  response.status(answer.status).set(answer.headers).json(answer.body);
};
