import { answerErrorCodes } from './answer-error-codes.ts';
import type { ErrorCodeEntry } from './error-code-entry.ts';
import { taskErrorCodes } from './task-error-codes.ts';

/** The one registry of error codes. docs/reference/errors.md is generated from it. */
export const errorCodes = { ...answerErrorCodes, ...taskErrorCodes };

export type ErrorCode = keyof typeof errorCodes;

export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorCodes, code);

export const errorCodeEntry = (code: ErrorCode): ErrorCodeEntry => errorCodes[code];
