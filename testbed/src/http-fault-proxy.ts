// An HTTP proxy that answers chosen requests itself and passes the others on unchanged: 503 at the third part of an upload, a body of the
// wrong length, something that happens while a request is on its way. Faults of the connection are the TCP proxy's (fault-proxy.ts).
import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { freePort } from './net/free-port.ts';

const HOST = '127.0.0.1';
const KEPT_REQUESTS = 10_000;

export interface HttpFaultRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export interface HttpFaultReply {
  readonly status: number;
  /** As they stand: a Content-Length that the body does not have goes out like that. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Called for each request before it is passed on, and awaited; answers what the client gets instead, or undefined to pass it on. */
export type HttpFaultRule = (
  request: HttpFaultRequest,
) => HttpFaultReply | undefined | Promise<HttpFaultReply | undefined>;

/** The head of an answer that is passed on: names and values in turn, as Node.js has them. */
export interface PassedHead {
  readonly status: number;
  readonly rawHeaders: readonly string[];
}

/** Called for each answer that is passed on; answers the head that the client gets in its place. */
export type RewriteHead = (request: HttpFaultRequest, head: PassedHead) => PassedHead;

/** Called for each answer that is passed on; answers a stream that its body goes through, or undefined to leave it as it is. */
export type RewriteBody = (request: HttpFaultRequest) => Transform | undefined;

export interface HttpFaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Default: passes everything on. */
  readonly rule?: HttpFaultRule;
}

/** What a request came to. */
export interface HttpExchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  /** The rule answered it. */
  readonly fault: boolean;
}

export async function startHttpFaultProxy(options: HttpFaultProxyOptions): Promise<HttpFaultProxy> {
  const proxy = new HttpFaultProxy(options, await freePort(HOST));
  await proxy.listen();
  return proxy;
}

/** A head without some headers, named in lower case. */
export const withoutHeaders = ({ status, rawHeaders }: PassedHead, ...names: readonly string[]): PassedHead => ({
  status,
  rawHeaders: rawHeaders.filter((_, index) => !names.includes((rawHeaders[index - (index % 2)] ?? '').toLowerCase())),
});

/** Use startHttpFaultProxy(). */
export class HttpFaultProxy implements AsyncDisposable {
  /** http://127.0.0.1:PORT. The Host header goes through unchanged, so that signatures made for this address stay valid. */
  readonly endpoint: string;
  /** host:port of the endpoint, for AgentSettings.allowHosts. */
  readonly host: string;
  /** May be changed at any time. */
  rule: HttpFaultRule;
  /** May be changed at any time. Default: the head as it is. */
  rewrite: RewriteHead = (_, head) => head;
  /** May be changed at any time. Default: bodies as they are. */
  rewriteBody: RewriteBody = () => undefined;
  readonly #target: HttpFaultProxyOptions['target'];
  readonly #port: number;
  readonly #server: Server;
  readonly #exchanges: HttpExchange[] = [];
  readonly #errors: unknown[] = [];

  constructor(options: HttpFaultProxyOptions, port: number) {
    this.#target = options.target;
    this.#port = port;
    this.rule = options.rule ?? (() => undefined);
    this.host = `${HOST}:${port}`;
    this.endpoint = `http://${this.host}`;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        this.#errors.push(error);
        response.destroy();
      });
    });
  }

  /** The newest 10,000 answers so far, in their order. */
  get exchanges(): readonly HttpExchange[] {
    return this.#exchanges;
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#port, HOST);
    await once(this.#server, 'listening');
  }

  /** Ends every connection. Throws what a rule threw meanwhile: a test must not pass over it. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#errors.length > 0)
      throw new AggregateError(this.#errors, `a rule of the proxy ${this.host} failed: ${this.#errors.join('; ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const reply = await this.rule({ method, url, headers });
    // The client may have gone while the rule was at work.
    if (response.closed) return;
    if (reply === undefined) await this.#pass(request, response);
    else await this.#reply(request, response, reply);
  }

  async #reply(request: IncomingMessage, response: ServerResponse, reply: HttpFaultReply): Promise<void> {
    // A client that still sends when the connection ends may never see the answer.
    request.resume();
    try {
      await finished(request);
    } catch {
      // The client went away.
      response.destroy();
      return;
    }
    this.#record(request, reply.status, true);
    // The end of the connection tells a client that waits for more of the body that there is none.
    response.writeHead(reply.status, { connection: 'close', ...reply.headers });
    response.end(reply.body ?? '');
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const forward = sendRequest({
      ...this.#target,
      method: request.method,
      path: request.url,
      headers: request.rawHeaders,
      agent: false,
    });
    response.once('close', () => forward.destroy());
    // The target may answer, an error for instance, before it has read the whole body, and close: then the rest fails and does not matter.
    forward.on('error', () => undefined);
    request.pipe(forward);
    try {
      const [answer] = (await once(forward, 'response')) as [IncomingMessage];
      const { method = '', url = '', headers } = request;
      const { statusCode = 0, rawHeaders } = answer;
      const head = this.rewrite({ method, url, headers }, { status: statusCode, rawHeaders });
      this.#record(request, head.status, false);
      response.sendDate = false;
      const statusMessage = head.status === statusCode ? answer.statusMessage : undefined;
      response.writeHead(head.status, statusMessage, [...head.rawHeaders]);
      const changed = this.rewriteBody({ method, url, headers });
      await (changed === undefined ? pipeline(answer, response) : pipeline(answer, changed, response));
    } catch {
      // The client or the target went away: the other side sees a connection that ends, as it would without the proxy.
      response.destroy();
    }
  }

  #record(request: IncomingMessage, status: number, fault: boolean): void {
    const { method = '', url = '' } = request;
    this.#exchanges.push({ method, url, status, fault });
    if (this.#exchanges.length > KEPT_REQUESTS) this.#exchanges.shift();
  }
}
