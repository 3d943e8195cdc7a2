import { type ApiErrorBody, type ErrorCode, errorCodes } from '@nodetask/shared';
import type { SecureAnswer } from './secure-route.ts';

/** Codes of the error registry that are answers. */
type AnswerCode = {
  [Code in ErrorCode]: (typeof errorCodes)[Code] extends { status: number } ? Code : never;
}[ErrorCode];

/** An answer that says no: `error` says what, the offending value, and what to do. */
export const refusal = (
  code: AnswerCode,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): SecureAnswer => {
  const { status, retriable } = errorCodes[code];
  return { status, headers, body: JSON.stringify({ error, code, retriable } satisfies ApiErrorBody) };
};
