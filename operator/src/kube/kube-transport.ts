/** Query parameters; a member that is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The label `verb` of rest_client_* metrics. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with '/', already encoded (see resource-type.ts). */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. A PATCH must say which kind it is. */
  readonly contentType?: string;
  readonly verb: Verb;
  /** Reads the answer; where it is too large, `isWhole` is false, and `answer` is its start. Default: as JSON, and too large is an error. */
  readonly parse?: (answer: Buffer, isWhole: boolean) => unknown;
  /** Budget of the whole call, retries included. Default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface StreamRequest {
  readonly path: string;
  readonly query?: Query;
  readonly verb: Verb;
  /** Budget until the answer's headers are there. Default 30 s. The body has none: its reader watches over it. */
  readonly openTimeoutMs?: number;
  /** Ends the opening and the body. */
  readonly signal: AbortSignal;
}

/** Talks to the API server. Implemented by Transport. */
export interface KubeTransport {
  /**
   * One call. Idempotent ones (all but POST) are retried on 429 and 503 within the budget; a 401 reads the credentials again, once.
   * @returns the parsed answer.
   * @throws ApiError for everything that went wrong; the reason of `signal` once that has aborted.
   */
  request<T>(request: KubeRequest): Promise<T>;
  /**
   * Opens a response that goes on (a watch).
   * @returns its bytes. Leaving the iteration closes the connection.
   * @throws ApiError when the server does not answer 200; the reason of `signal` once that has aborted.
   */
  stream(request: StreamRequest): Promise<AsyncIterable<Uint8Array>>;
}
