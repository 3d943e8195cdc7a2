export interface ApiErrorOptions {
  /** HTTP status, 0 when there was no answer. */
  readonly code: number;
  /** `reason` of the API server's Status (`Conflict`, `AlreadyExists`, `Expired`…), or of this client (`NetworkError`, `Timeout`, …). */
  readonly reason: string;
  readonly retryAfterMs?: number;
  /** Paths of the fields that the server found at fault. */
  readonly fields?: readonly string[];
  /** The server's own words. */
  readonly said?: string;
  /** Overrides what the code says. */
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/** Codes that the same request may get past later. */
const retriableCodes: ReadonlySet<number> = new Set([0, 408, 429, 500, 502, 503, 504]);

/** A call to the API server failed. The message says which call, and what the server answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status, 0 when there was no answer. */
  readonly code: number;
  readonly reason: string;
  /** What the server asked to wait. */
  readonly retryAfterMs: number | undefined;
  /** Paths of the fields that the server found at fault. */
  readonly fields: readonly string[];
  /** The server's own words; absent where it did not answer. */
  readonly said: string | undefined;
  /** Whether the same request may succeed later. */
  readonly retriable: boolean;

  constructor(message: string, options: ApiErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.fields = options.fields ?? [];
    this.said = options.said;
    this.retriable = options.retriable ?? retriableCodes.has(options.code);
  }
}

const hasCode = (error: unknown, code: number): error is ApiError => error instanceof ApiError && error.code === code;

export const isNotFound = (error: unknown): error is ApiError => hasCode(error, 404);

/** The caller has no right to it. */
export const isForbidden = (error: unknown): error is ApiError => hasCode(error, 403);

/** The object changed since it was read, or a precondition (uid, resourceVersion) does not hold. */
export const isConflict = (error: unknown): error is ApiError =>
  hasCode(error, 409) && error.reason !== 'AlreadyExists';

export const isAlreadyExists = (error: unknown): error is ApiError =>
  hasCode(error, 409) && error.reason === 'AlreadyExists';

/** The resource version or continue token is too old. */
export const isExpired = (error: unknown): error is ApiError => hasCode(error, 410);
