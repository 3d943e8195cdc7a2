import type { IncomingHttpHeaders } from 'node:http';

/** A request to the operator's HTTPS server, read whole. */
export interface SecureRequest {
  readonly headers: IncomingHttpHeaders;
  /** UTF-8; empty for a GET. */
  readonly body: string;
  /** Aborts when the client goes or the budget of the request ends. */
  readonly signal: AbortSignal;
  /** Address of the other end of the connection, which may be a proxy or a node: good for fairness, not for trust. */
  readonly remoteAddress?: string;
  /** To be called once the caller has shown who it is: its connection no longer gives way to new ones. */
  readonly proven?: () => void;
}

export interface SecureAnswer {
  readonly status: number;
  /** Default: application/json. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** The caller comes again, and its connection is worth keeping; others are closed with the answer. */
  readonly keepAlive?: true;
}

/**
 * One route of the operator's HTTPS server: admission webhooks, certificates for agents, metrics. Each checks for itself who calls.
 * What `handle` throws is logged and answered 500 without its text.
 */
export interface SecureRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** A larger body is answered 413. 0 for a GET. */
  readonly maxBodyBytes: number;
  handle(request: SecureRequest): Promise<SecureAnswer>;
}
