import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import type { ServiceAccount } from './service-account.ts';
import type { StatusPatch } from './status-patch.ts';

export interface ApiServerAddress {
  readonly host: string;
  readonly port: number;
}

/** What the API server said. */
export interface ApiAnswer {
  readonly status: number;
  /** `reason` and `message` of a metav1.Status. */
  readonly reason: string;
  readonly message: string;
  /** From the Retry-After header. */
  readonly retryAfterMs: number | undefined;
  /** metadata.uid of the object that was written or read. */
  readonly uid?: string;
  /** The object that was read. */
  readonly object?: unknown;
}

/** The two requests of the reporter; they reject where the API server does not answer. */
export interface StatusTransport {
  /** Applies; the answer has the uid of what was written. */
  patch(patch: StatusPatch, signal: AbortSignal): Promise<ApiAnswer>;
  /** Reads an object; the answer has it whole. */
  read(path: string, signal: AbortSignal): Promise<ApiAnswer>;
}

interface ApiRequest {
  readonly method: 'GET' | 'PATCH';
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const connectMs = 5000;
const answerMs = 15_000;
/** No object in etcd is larger than 1.5 MiB. A parser takes up to 30 bytes of memory for each byte of a hostile answer. */
const maxAnswerBytes = 2 * 1024 * 1024;

/**
 * What the agent asks of the API server. On node:https, which is loaded anyway: a client library would cost
 * more memory than the rest of the reporter, and HTTP/2, whose silent sessions are never noticed, is out of the question.
 */
export class ApiServer implements StatusTransport, Disposable {
  readonly #address: ApiServerAddress;
  readonly #account: ServiceAccount;
  readonly #userAgent: string;
  #agent: Agent | undefined;
  #ca: Buffer | undefined;

  constructor(address: ApiServerAddress, account: ServiceAccount, userAgent: string) {
    this.#address = address;
    this.#account = account;
    this.#userAgent = userAgent;
  }

  patch({ path, body }: StatusPatch, signal: AbortSignal): Promise<ApiAnswer> {
    const headers = {
      'Content-Type': 'application/apply-patch+yaml',
      // The whole object would come back; its metadata is enough.
      Accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json',
    };
    return this.#request({ method: 'PATCH', path, body, headers }, signal);
  }

  read(path: string, signal: AbortSignal): Promise<ApiAnswer> {
    return this.#request({ method: 'GET', path, body: '', headers: { Accept: 'application/json' } }, signal);
  }

  [Symbol.dispose](): void {
    this.#agent?.destroy();
  }

  async #request(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const answer = await this.#send(request, signal);
    if (answer.status !== 401) return answer;
    // The token may have ended; the kubelet has written a new one long ago.
    this.#account.invalidate();
    return this.#send(request, signal);
  }

  async #send({ method, path, body, headers }: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const { token, ca } = await this.#account.credentials();
    const options: RequestOptions = {
      host: this.#address.host,
      port: this.#address.port,
      method,
      path,
      agent: this.#agentFor(ca),
      signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs + answerMs)]),
      timeout: answerMs,
      headers: {
        ...headers,
        Authorization: `Bearer ${token}`,
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': this.#userAgent,
      },
    };
    try {
      return await exchange(options, body);
    } catch (error) {
      // The server closed the idle connection at the same moment: both requests can be sent twice.
      if (error instanceof StaleConnectionError) return exchange(options, body);
      throw error;
    }
  }

  /** One pool of connections as long as the CA stays. */
  #agentFor(ca: Buffer): Agent {
    if (this.#agent === undefined || ca !== this.#ca) {
      this.#agent?.destroy();
      this.#agent = new Agent({ keepAlive: true, keepAliveMsecs: 30_000, maxSockets: 4, ca });
      this.#ca = ca;
    }
    return this.#agent;
  }
}

class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

const exchange = (options: RequestOptions, body: string): Promise<ApiAnswer> =>
  new Promise((resolve, reject) => {
    const request = httpsRequest(options, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.on('timeout', () => {
      request.destroy(new Error(`the API server did not answer within ${String(answerMs)} ms`));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
          ? new StaleConnectionError(error.message, { cause: error })
          : error,
      );
    });
    request.end(body);
  });

const readAnswer = async (response: IncomingMessage): Promise<ApiAnswer> => {
  const status = response.statusCode ?? 0;
  const retryAfterMs = retryAfter(response.headers['retry-after']);
  const text = (await readWhole(response)).toString();
  return { status, retryAfterMs, ...(status < 300 ? successDetails(text) : errorDetails(text)) };
};

const readWhole = async (response: IncomingMessage): Promise<Buffer> => {
  try {
    return await readBounded(response, maxAnswerBytes);
  } catch (error) {
    if (!(error instanceof TooManyBytesError)) throw error;
    throw new Error(`the API server answered with more than ${String(maxAnswerBytes)} bytes`, { cause: error });
  }
};

const successDetails = (text: string): Pick<ApiAnswer, 'reason' | 'message' | 'uid' | 'object'> => {
  const object = JSON.parse(text) as { readonly metadata?: { readonly uid?: unknown } } | null;
  const uid = object?.metadata?.uid;
  return { reason: '', message: '', object, ...(typeof uid === 'string' ? { uid } : {}) };
};

/** A proxy may answer with anything. */
const errorDetails = (text: string): Pick<ApiAnswer, 'reason' | 'message'> => {
  try {
    const body = JSON.parse(text) as { readonly reason?: unknown; readonly message?: unknown } | null;
    return {
      reason: typeof body?.reason === 'string' ? body.reason : '',
      message: typeof body?.message === 'string' ? body.message.slice(0, 1024) : '',
    };
  } catch {
    return { reason: '', message: text.slice(0, 1024) };
  }
};

/** Seconds, as the API server writes them; a date is not among them. */
const retryAfter = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
