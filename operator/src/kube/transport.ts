import { readStart, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { applyPatchBody, type Clock, type Logger, sleep } from '@nodetask/shared';
import { type Dispatcher, request as send } from 'undici';
import { ApiError } from './api-error.ts';
import { errorOfNetwork, errorOfResponse, invalidAnswer, tooLarge, wasClosedBeforeAnswer } from './api-response.ts';
import { Backoff } from './backoff.ts';
import type { ClusterAccess, Credentials } from './cluster-access.ts';
import { CredentialCache } from './credential-cache.ts';
import { abortable, onAbort, withDeadline } from './deadline.ts';
import { type DispatcherKind, Dispatchers } from './dispatchers.ts';
import { parseForeignJSON, TooManyValuesError } from './foreign-json.ts';
import { HeldBytes, maxAnswerBytes } from './held-bytes.ts';
import type { KubeMetrics } from './kube-metrics.ts';
import type { KubeRequest, KubeTransport, Query, StreamRequest, Verb } from './kube-transport.ts';

export interface TransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: KubeMetrics;
  /** Default `nodetask`. */
  readonly userAgent?: string;
  /** The Date of an answer, and how long that took. */
  readonly onDate?: (date: string | string[] | undefined, tookMs: number) => void;
  /** Age at which token, certificates and CA are read again. Default 60 s. */
  readonly credentialsMaxAgeMs?: number;
}

const defaultTimeoutMs = 30_000;

/** Of the body of a refusal: a Status that names a thousand fields is smaller. */
const maxRefusalBytes = 64 * 1024;

/** One HTTP exchange: what both request and stream come down to. */
interface Exchange {
  readonly kind: DispatcherKind;
  readonly method: KubeRequest['method'];
  readonly path: string;
  readonly query: string;
  readonly verb: Verb;
  readonly body?: string;
  readonly contentType?: string;
  readonly parse?: KubeRequest['parse'];
}

type Response = Dispatcher.ResponseData;

/** The one way to the API server: connections, credentials, deadlines, retries, errors and metrics of every call. */
export class Transport implements KubeTransport {
  readonly #options: TransportOptions;
  readonly #credentials: CredentialCache;
  readonly #dispatchers = new Dispatchers();

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#credentials = new CredentialCache({
      access: options.access,
      clock: options.clock,
      logger: options.logger,
      ...(options.credentialsMaxAgeMs !== undefined && { maxAgeMs: options.credentialsMaxAgeMs }),
    });
  }

  async request<T>(request: KubeRequest): Promise<T> {
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    const exchange: Exchange = {
      kind: 'rest',
      method: request.method,
      path: request.path,
      query: queryString(request.query),
      verb: request.verb,
      ...(request.body !== undefined && {
        body: encode(request.body, request.contentType),
        contentType: request.contentType ?? 'application/json',
      }),
      ...(request.parse !== undefined && { parse: request.parse }),
    };
    return withDeadline(
      {
        clock: this.#options.clock,
        timeoutMs,
        signal: request.signal,
        timeoutError: () => timeoutError(exchange, timeoutMs),
      },
      async (signal) => this.#requestWithRetries<T>(exchange, this.#options.clock.monotonic() + timeoutMs, signal),
    );
  }

  async stream(request: StreamRequest): Promise<AsyncIterable<Uint8Array>> {
    const timeoutMs = request.openTimeoutMs ?? defaultTimeoutMs;
    const exchange: Exchange = {
      kind: 'watch',
      method: 'GET',
      path: request.path,
      query: queryString(request.query),
      verb: request.verb,
    };
    // Aborts with the deadline while the response is being opened, with the caller's signal all the time.
    const controller = new AbortController();
    const abort = (reason: Error): void => {
      controller.abort(reason);
    };
    const unlink = onAbort(request.signal, abort);
    try {
      const response = await withDeadline(
        {
          clock: this.#options.clock,
          timeoutMs,
          signal: request.signal,
          timeoutError: () => timeoutError(exchange, timeoutMs),
        },
        async (opening) => {
          const unlinkOpening = onAbort(opening, abort);
          try {
            const opened = await this.#authorized(exchange, controller.signal);
            if (opened.statusCode !== 200) throw await failure(exchange, opened);
            return opened;
          } finally {
            unlinkOpening();
          }
        },
      );
      return chunks(exchange, response, controller, unlink);
    } catch (error) {
      unlink();
      throw error;
    }
  }

  /** Closes every connection; running calls fail. */
  async close(): Promise<void> {
    await this.#dispatchers.close();
  }

  async #requestWithRetries<T>(exchange: Exchange, deadline: number, signal: AbortSignal): Promise<T> {
    const { clock, random } = this.#options;
    const backoff = new Backoff({ initialMs: 500, maxMs: 10_000, random });
    let reconnected = false;
    for (;;) {
      try {
        return await this.#requestOnce<T>(exchange, signal);
      } catch (error) {
        if (!(error instanceof ApiError) || exchange.method === 'POST') throw error;
        if (wasClosedBeforeAnswer(error) && !reconnected) {
          reconnected = true;
          continue;
        }
        if (error.code !== 429 && error.code !== 503) throw error;
        const waitMs = error.retryAfterMs ?? backoff.next();
        // The server's answer says more than our timeout would.
        if (clock.monotonic() + waitMs >= deadline) throw error;
        await sleep(clock, waitMs, signal);
      }
    }
  }

  async #requestOnce<T>(exchange: Exchange, signal: AbortSignal): Promise<T> {
    const response = await this.#authorized(exchange, signal);
    if (response.statusCode < 200 || response.statusCode > 299) throw await failure(exchange, response);
    using held = new HeldBytes(signal);
    return (await readAnswer(exchange, response, held)) as T;
  }

  /** Sends with the credentials in use; when the server does not know them, once more with newly read ones. */
  async #authorized(exchange: Exchange, signal: AbortSignal): Promise<Response> {
    const credentials = await abortable(this.#credentials.get(), signal);
    const response = await this.#send(exchange, credentials, signal);
    if (response.statusCode !== 401) return response;
    await response.body.dump({ limit: maxRefusalBytes });
    const replaced = await abortable(this.#credentials.replace(credentials), signal);
    return this.#send(exchange, replaced, signal);
  }

  async #send(exchange: Exchange, credentials: Credentials, signal: AbortSignal): Promise<Response> {
    const { access, clock, metrics, userAgent = 'nodetask' } = this.#options;
    const start = clock.monotonic();
    const done = (code: string): void => {
      metrics.requestDone(exchange.verb, code, (clock.monotonic() - start) / 1000);
    };
    try {
      // An aborted request that still waits for a connection is not ended by undici before that is made or given up.
      const response = await abortable(
        send(`${access.server}${exchange.path}${exchange.query}`, {
          dispatcher: this.#dispatchers.get(exchange.kind, credentials.tls),
          method: exchange.method,
          headers: {
            accept: 'application/json',
            'user-agent': userAgent,
            ...credentials.headers,
            ...(exchange.contentType !== undefined && { 'content-type': exchange.contentType }),
          },
          ...(exchange.body !== undefined && { body: exchange.body }),
          signal,
        }),
        signal,
      );
      done(String(response.statusCode));
      this.#options.onDate?.(response.headers['date'], clock.monotonic() - start);
      return response;
    } catch (error) {
      done('error');
      throw errorOfNetwork(callOf(exchange), error);
    }
  }
}

/** Bytes of `response` until it ends; leaving early closes the connection. */
const chunks = async function* (
  exchange: Exchange,
  response: Response,
  controller: AbortController,
  unlink: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body) yield chunk as Uint8Array;
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : errorOfNetwork(callOf(exchange), error);
  } finally {
    unlink();
    controller.abort(new Error('the reader has left'));
  }
};

const failure = async (exchange: Exchange, response: Response): Promise<ApiError> => {
  const retryAfter = response.headers['retry-after'];
  return errorOfResponse(
    callOf(exchange),
    response.statusCode,
    typeof retryAfter === 'string' ? retryAfter : undefined,
    await fromNetwork(exchange, readStart(response.body, maxRefusalBytes)),
  );
};

const readAnswer = async (exchange: Exchange, response: Response, held: HeldBytes): Promise<unknown> => {
  const isWhole = await fromNetwork(exchange, hold(response.body, held));
  try {
    return (exchange.parse ?? parseWhole)(held.bytes, isWhole);
  } catch (cause) {
    if (cause instanceof TooManyBytesError || cause instanceof TooManyValuesError) {
      throw tooLarge(callOf(exchange), cause);
    }
    throw invalidAnswer(callOf(exchange), response.statusCode, held.bytes, cause);
  }
};

/** Reads a body as far as there is room. False when that is not all: the rest is not read. */
const hold = async (body: AsyncIterable<Uint8Array>, held: HeldBytes): Promise<boolean> => {
  for await (const chunk of body) {
    if (!(await held.add(chunk))) return false;
  }
  return true;
};

const parseWhole = (answer: Buffer, isWhole: boolean): unknown => {
  if (!isWhole) throw new TooManyBytesError(maxAnswerBytes);
  return parseForeignJSON(answer);
};

/** The result of `reading` a body. @throws ApiError */
const fromNetwork = async <T>(exchange: Exchange, reading: Promise<T>): Promise<T> => {
  try {
    return await reading;
  } catch (error) {
    throw errorOfNetwork(callOf(exchange), error);
  }
};

const encode = (body: unknown, contentType: string | undefined): string =>
  contentType === 'application/apply-patch+yaml' ? applyPatchBody(body) : JSON.stringify(body);

const callOf = ({ method, path, query }: Exchange): string => `${method} ${path}${query}`;

const timeoutError = (exchange: Exchange, timeoutMs: number): ApiError =>
  new ApiError(`${callOf(exchange)}: no answer within ${String(timeoutMs)} ms`, { code: 0, reason: 'Timeout' });

const queryString = (query: Query = {}): string => {
  const pairs = Object.entries(query).filter(
    (pair): pair is [string, string | number | boolean] => pair[1] !== undefined,
  );
  if (pairs.length === 0) return '';
  return `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()}`;
};
