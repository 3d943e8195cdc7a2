import { ApiError } from './api-error.ts';
import { excerpt } from './excerpt.ts';

/** The parts of a metav1.Status that say why a call failed. */
interface StatusBody {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown; readonly causes?: unknown };
}

/** The most characters of a server's message that go into an error. */
const maxMessageCharacters = 1024;

const maxReasonCharacters = 128;

/** Longest Retry-After that is believed. */
const maxRetryAfterMs = 5 * 60_000;

/** Makes the error of an answer that is not 2xx. `call` is method and path. */
export const errorOfResponse = (call: string, code: number, retryAfter: string | undefined, body: string): ApiError => {
  const status = parseStatus(body);
  const reason =
    typeof status?.reason === 'string' && status.reason !== ''
      ? status.reason.slice(0, maxReasonCharacters)
      : `HTTP${String(code)}`;
  const message = typeof status?.message === 'string' ? status.message : body;
  const said = message.slice(0, maxMessageCharacters).trim();
  const retryAfterMs = parseRetryAfter(retryAfter) ?? secondsToMs(status?.details?.retryAfterSeconds);
  return new ApiError(`${call}: ${String(code)} ${reason}: ${said}`, {
    code,
    reason,
    said,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    fields: fieldsAtFault(status?.details?.causes),
  });
};

const fieldsAtFault = (causes: unknown): readonly string[] =>
  (Array.isArray(causes) ? causes : []).flatMap((cause: { readonly field?: unknown } | null) =>
    typeof cause?.field === 'string' ? [cause.field] : [],
  );

/** Makes the error of a call that got no answer. */
export const errorOfNetwork = (call: string, cause: unknown): ApiError => {
  const text = cause instanceof Error ? cause.message || cause.name : String(cause);
  const code = errorCode(cause);
  return new ApiError(`${call}: ${code === undefined ? text : `${code}: ${text}`}`, {
    code: 0,
    reason: 'NetworkError',
    cause,
  });
};

/** Makes the error of an answer that memory has no room for. */
export const tooLarge = (call: string, cause: Error): ApiError =>
  new ApiError(`${call}: the answer is too large: ${cause.message}`, {
    code: 0,
    reason: 'ResponseTooLarge',
    retriable: false,
    cause,
  });

/** Makes the error of an answer that cannot be read. */
export const invalidAnswer = (call: string, code: number, body: Buffer, cause: unknown): ApiError =>
  new ApiError(`${call}: the answer is not JSON: ${excerpt(body.toString('utf8', 0, 800))}`, {
    code,
    reason: 'InvalidAnswer',
    retriable: true,
    cause,
  });

/** Whether the server closed a kept connection just as it was used: it has not seen the request. */
export const wasClosedBeforeAnswer = (error: ApiError): boolean => {
  const code = errorCode(error.cause);
  return error.code === 0 && (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET');
};

const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

const parseStatus = (body: string): StatusBody | undefined => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    // Not a Status: a proxy's page or plain text, which goes into the message as it is.
    return undefined;
  }
};

/** The header's seconds; the API server never sends the form with a date. */
const parseRetryAfter = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d+$/.test(value) ? secondsToMs(Number(value)) : undefined;

const secondsToMs = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && seconds >= 0 ? Math.min(seconds * 1000, maxRetryAfterMs) : undefined;
