import { isUtf8 } from 'node:buffer';
import { type Clock, rpcUrl, TaskError } from '@nodetask/shared';
import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import type { Egress } from './egress.ts';
import { startDeadline } from './http/deadline.ts';
import { describeURL, httpGet, readBody } from './http/http-get.ts';
import { isTable } from './document-value.ts';
import { type LargeRpcAnswer, takeApart } from './large-rpc-answer.ts';

export interface RpcCallOptions {
  readonly signal: AbortSignal;
  /** Budget of the whole call. */
  readonly timeoutMs?: number;
}

/** Answer of a CometBFT RPC, parsed. */
export interface RpcAnswer {
  readonly result: Readonly<Record<string, unknown>>;
}

export interface LargeRpcCallOptions extends RpcCallOptions {
  readonly maxBytes: number;
  /** Members of the result that are wanted by themselves. */
  readonly members: readonly string[];
}

/** CometBFT's RPC over GET. https://docs.cometbft.com/v0.38/rpc/ */
export interface RpcClient {
  /**
   * Calls a method. Takes both forms of answer: in a JSON-RPC envelope, as CometBFT sends it, and bare, as Sei does. Throws TaskError
   * `rpc-unreachable`, or `rpc-refused`, `rpc-method-missing` or `rpc-invalid`; these have `details: {httpStatus, rpcCode?, rpcError?}`.
   */
  call(
    base: string,
    method: string,
    query: Readonly<Record<string, string>>,
    options: RpcCallOptions & { readonly maxBytes?: number },
  ): Promise<RpcAnswer>;
  /** As `call`, for answers that may be larger than a megabyte: they are checked to be JSON, and not parsed. */
  callLarge(
    base: string,
    method: string,
    query: Readonly<Record<string, string>>,
    options: LargeRpcCallOptions,
  ): Promise<LargeRpcAnswer>;
}

const defaultTimeoutMs = 10_000;
/**
 * Of an answer that is parsed, for which a parser takes up to 30 bytes of memory for each byte of a hostile one. The largest is a commit: it
 * holds the signatures of all validators, of 350 bytes each, of which chains have up to some hundred.
 */
const maxParsedBytes = 1024 * 1024;

export const createRpcClient = (egress: Egress, clock: Clock): RpcClient => {
  const fetch = async (
    base: string,
    method: string,
    query: Readonly<Record<string, string>>,
    options: RpcCallOptions & { readonly maxBytes: number },
  ): Promise<{ readonly url: URL; readonly status: number; readonly bytes: Buffer }> => {
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
    const { maxBytes } = options;
    const get = { egress, signal: deadline.signal, maxRedirects: 0, maxBytes, unreachable: 'rpc-unreachable' } as const;
    try {
      const answer = await httpGet(url, get);
      const bytes = await readBody(answer, get);
      // A decoder would put other characters in the place of what it does not understand.
      if (!isUtf8(bytes)) throw invalid(url, answer.status, 'answers with bytes that are not UTF-8');
      return { url, status: answer.status, bytes };
    } finally {
      deadline.end();
    }
  };
  return {
    call: async (base, method, query, options) => {
      const { url, status, bytes } = await fetch(base, method, query, { maxBytes: maxParsedBytes, ...options });
      return { result: resultOf(url, status, bytes.toString('utf8')) };
    },
    callLarge: async (base, method, query, options) => {
      const { url, status, bytes } = await fetch(base, method, query, options);
      return largeResultOf(url, status, bytes, options.members);
    },
  };
};

const methodURL = (egress: Egress, base: string, method: string, query: Readonly<Record<string, string>>): URL => {
  const url = egress.checkURL('rpc', rpcUrl(base));
  url.pathname = `${withoutTrailing(url.pathname, '/')}/${method}`;
  url.search = new URLSearchParams(query).toString();
  return url;
};

const resultOf = (url: URL, status: number, text: string): RpcAnswer['result'] => {
  const body = parse(text);
  const error = isTable(body) ? body['error'] : undefined;
  if (error !== undefined && error !== null)
    throw invalid(url, status, `answers with the error ${describeError(error)}`, error);
  if (status !== 200) throw invalid(url, status, `answers with HTTP status ${status}`);
  const enveloped = isTable(body) && Object.hasOwn(body, 'jsonrpc');
  const result = enveloped ? body['result'] : body;
  if (!isTable(result)) throw noAnswer(url, status, text);
  return result;
};

const largeResultOf = async (
  url: URL,
  status: number,
  bytes: Buffer,
  members: readonly string[],
): Promise<LargeRpcAnswer> => {
  const { error, result, member } = await takeApart(bytes, members);
  if (error !== undefined) {
    const value = error.length > maxErrorBytes ? `of ${error.length} bytes` : parse(error.toString('utf8'));
    throw invalid(url, status, `answers with the error ${describeError(value)}`, value);
  }
  if (status !== 200) throw invalid(url, status, `answers with HTTP status ${status}`);
  if (result === undefined) throw noAnswer(url, status, bytes.toString('utf8', 0, 200));
  return { result, member };
};

const maxErrorBytes = 4_096;

const noAnswer = (url: URL, httpStatus: number, text: string): TaskError => {
  const what = `${describeURL(url)} answers with ${JSON.stringify(text.slice(0, 60))}, which is no answer of CometBFT's RPC`;
  return /^\s{0,60}<(?:!doctype )?html/i.test(text)
    ? new TaskError('rpc-invalid', `${what} but a web page: give the address of an RPC`, {
        retriable: false,
        details: { httpStatus },
      })
    : invalid(
        url,
        httpStatus,
        `answers with ${JSON.stringify(text.slice(0, 60))}, which is no answer of CometBFT's RPC`,
      );
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
  const [code, remedy] = judge(httpStatus, rpcCode);
  return new TaskError(code, `${describeURL(url)} ${what}`, {
    remedy,
    details: {
      httpStatus,
      ...(rpcCode === undefined ? {} : { rpcCode }),
      ...(error === undefined ? {} : { rpcError: describeError(error) }),
    },
  });
};

/** JSON-RPC's "method not found". */
const methodNotFound = -32601;

/** Which answers trying again does not change, and what to do. */
const judge = (
  httpStatus: number,
  rpcCode: number | undefined,
): readonly ['rpc-invalid' | 'rpc-refused' | 'rpc-method-missing', string] => {
  if (rpcCode === methodNotFound || [404, 405, 410, 501].includes(httpStatus)) {
    return [
      'rpc-method-missing',
      "check that it is the address of a CometBFT node's RPC, and that the node offers the method",
    ];
  }
  if ([401, 402, 403, 407].includes(httpStatus)) {
    return ['rpc-refused', 'give the address of an RPC that may be asked without credentials'];
  }
  if (httpStatus === 429) return ['rpc-invalid', 'ask it less often, or give the address of another node'];
  return ['rpc-invalid', 'check the address and the log of the node'];
};

const describeError = (error: unknown): string => {
  if (!isTable(error)) return JSON.stringify(error).slice(0, 200);
  const parts = [error['code'], error['message'], error['data']].filter(
    (part) => typeof part === 'string' || typeof part === 'number',
  );
  return parts.join(' ').slice(0, 300);
};
