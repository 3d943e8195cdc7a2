import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { headers as apiHeaders } from '@nodetask/shared';
import { waitFor } from '@nodetask/testbed';
import { request as send } from 'undici';

/** A call that changes something, as it reached the agent. */
export interface TappedCall {
  readonly method: string;
  readonly path: string;
  readonly fence: number;
  /** Date.now() when the caller had sent all of it. */
  readonly sentAt: number;
  /** What the agent answered. */
  readonly status: number;
}

/** Headers that belong to one connection, and to the length of a body that is sent anew. */
const hopHeaders: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/**
 * Stands before an agent and writes down who called it and what came of it. Calls that change something pass one at a time, so that
 * they are written down in the order in which they took effect. Like a network, it delivers what it has once taken, whether or not the caller still waits.
 */
export class AgentTap implements AsyncDisposable {
  readonly calls: TappedCall[] = [];
  readonly #target: string;
  readonly #server: Server;
  readonly #errors: unknown[] = [];
  #holds: (fence: number) => boolean = () => false;
  #released = Promise.withResolvers<void>();
  #held = 0;
  #turn: Promise<void> = Promise.resolve();

  /** @param target http://host:port of the agent. */
  constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        this.#errors.push(error);
        response.destroy();
      });
    });
  }

  async listen(host: string, port: number): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  /** Holds the calls of one fence back from now on. */
  hold(fence: number): void {
    this.#holds = (other) => other === fence;
  }

  /** Delivers what is held. */
  release(): void {
    this.#holds = () => false;
    this.#released.resolve();
    this.#released = Promise.withResolvers<void>();
  }

  /** Waits until calls are held, and says how many. */
  async untilHolds(timeoutMs = 60_000): Promise<number> {
    return waitFor(() => this.#held > 0 && this.#held, { what: 'a call of an operator to be held', timeoutMs });
  }

  /** Waits until the agent has answered everything that was held. */
  async untilDelivered(timeoutMs = 60_000): Promise<void> {
    await waitFor(() => this.#held === 0, { what: 'the held calls to be answered', timeoutMs });
  }

  async close(): Promise<void> {
    this.release();
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#errors.length > 0) throw new AggregateError(this.#errors, `the tap of ${this.#target} failed`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const body = await buffer(request);
    const fence = headers[apiHeaders.fence.toLowerCase()];
    if (typeof fence !== 'string') {
      // The agent may not listen yet: then nobody answers here either.
      await this.#forward(method, url, headers, body, response).catch(() => response.destroy());
      return;
    }
    const call = { method, path: url, fence: Number(fence), sentAt: Date.now() };
    const held = this.#holds(call.fence);
    if (held) {
      this.#held += 1;
      await this.#released.promise;
    }
    const before = this.#turn;
    const turn = Promise.withResolvers<void>();
    this.#turn = turn.promise;
    await before;
    try {
      const status = await this.#forward(method, url, headers, body, response);
      this.calls.push({ ...call, status });
    } finally {
      if (held) this.#held -= 1;
      turn.resolve();
    }
  }

  async #forward(
    method: string,
    url: string,
    headers: IncomingHttpHeaders,
    body: Uint8Array,
    response: ServerResponse,
  ): Promise<number> {
    const answer = await send(`${this.#target}${url}`, {
      method: method as 'GET',
      headers: Object.entries(headers)
        .filter(([name]) => !hopHeaders.has(name))
        .flatMap(([name, value]) => [name, String(value)]),
      ...(body.length === 0 ? {} : { body }),
    });
    const text = await answer.body.text();
    if (!response.destroyed) {
      for (const [name, value] of Object.entries(answer.headers)) {
        if (!hopHeaders.has(name) && value !== undefined) response.setHeader(name, value);
      }
      response.writeHead(answer.statusCode).end(text);
    }
    return answer.statusCode;
  }
}
