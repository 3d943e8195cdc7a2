import { isUtf8 } from 'node:buffer';
import { type Clock, TaskError } from '@nodetask/shared';
import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import type { Egress } from './egress.ts';
import { startDeadline } from './http/deadline.ts';
import { describeURL, httpGet, readBody } from './http/http-get.ts';
import { isTable } from './document-value.ts';

export interface RpcCallOptions {
  readonly signal: AbortSignal;
  /** Budget of the whole call. */
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

/** Answer of a CometBFT RPC: the parsed `result`, and the whole text for who needs it exactly. */
export interface RpcAnswer {
  readonly result: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Whether `text` is a JSON-RPC envelope around the result; else it is the result itself. */
  readonly enveloped: boolean;
}

/** CometBFT's RPC over GET. https://docs.cometbft.com/v0.38/rpc/ */
export interface RpcClient {
  /**
   * Calls a method. Takes both forms of answer: in a JSON-RPC envelope, as CometBFT sends it, and bare, as Sei does. Throws TaskError
   * `rpc-unreachable` or `rpc-invalid`; the latter has `details: {httpStatus, rpcCode?}`.
   */
  call(
    base: string,
    method: string,
    query: Readonly<Record<string, string>>,
    options: RpcCallOptions,
  ): Promise<RpcAnswer>;
}

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 8 * 1024 * 1024;

export const createRpcClient = (egress: Egress, clock: Clock): RpcClient => ({
  call: async (base, method, query, options) => {
    const url = methodURL(egress, base, method, query);
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const deadline = startDeadline(
      clock,
      options.signal,
      timeoutMs,
      () =>
        new TaskError(
          'rpc-unreachable',
          `${describeURL(url)} did not answer within ${timeoutMs / 1000} s: check that the node runs and its rpc.laddr`,
        ),
    );
    const get = { egress, signal: deadline.signal, maxRedirects: 0, unreachable: 'rpc-unreachable' } as const;
    try {
      const answer = await httpGet(url, get);
      const bytes = await readBody(answer, options.maxBytes ?? defaultMaxBytes, get);
      // A decoder would put other characters in the place of what it does not understand.
      if (!isUtf8(bytes)) throw invalid(url, answer.status, 'answers with bytes that are not UTF-8');
      const text = bytes.toString('utf8');
      return { ...resultOf(url, answer.status, text), text };
    } finally {
      deadline.end();
    }
  },
});

const methodURL = (egress: Egress, base: string, method: string, query: Readonly<Record<string, string>>): URL => {
  const url = egress.checkURL('rpc', base.replace(/^tcp:/, 'http:'));
  url.pathname = `${withoutTrailing(url.pathname, '/')}/${method}`;
  url.search = new URLSearchParams(query).toString();
  return url;
};

const resultOf = (url: URL, status: number, text: string): Omit<RpcAnswer, 'text'> => {
  const body = parse(text);
  const error = isTable(body) ? body['error'] : undefined;
  if (error !== undefined && error !== null)
    throw invalid(url, status, `answers with the error ${describeError(error)}`, error);
  if (status !== 200) throw invalid(url, status, `answers with HTTP status ${status}`);
  const enveloped = isTable(body) && Object.hasOwn(body, 'jsonrpc');
  const result = enveloped ? body['result'] : body;
  if (!isTable(result))
    throw invalid(
      url,
      status,
      `answers with ${JSON.stringify(text.slice(0, 60))}, which is no answer of CometBFT's RPC`,
    );
  return { result, enveloped };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // A page of a proxy, for instance; the status or the text says what it is.
    return undefined;
  }
};

const invalid = (url: URL, httpStatus: number, what: string, error?: unknown): TaskError => {
  const rpcCode = isTable(error) && typeof error['code'] === 'number' ? error['code'] : undefined;
  return new TaskError('rpc-invalid', `${describeURL(url)} ${what}: check the address and the log of the node`, {
    details: { httpStatus, ...(rpcCode === undefined ? {} : { rpcCode }) },
  });
};

const describeError = (error: unknown): string => {
  if (!isTable(error)) return JSON.stringify(error).slice(0, 200);
  const parts = [error['code'], error['message'], error['data']].filter(
    (part) => typeof part === 'string' || typeof part === 'number',
  );
  return parts.join(' ').slice(0, 300);
};
