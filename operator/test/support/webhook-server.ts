import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ControlPlane, freePort } from '@nodetask/testbed';
import type { SecureRoute } from '../../src/secure-server/secure-route.ts';

/** Serves routes to the API server, with the certificate that it made for itself at its first start: one for 127.0.0.1. */
export class WebhookServer implements AsyncDisposable {
  /** PEM: what the API server is to trust. */
  readonly ca: string;
  /** https://127.0.0.1:port */
  readonly url: string;
  readonly #key: string;
  readonly #port: number;
  readonly #routes: readonly SecureRoute[];
  readonly #calls: string[] = [];
  #server: Server | undefined;

  private constructor(controlPlane: ControlPlane, port: number, routes: readonly SecureRoute[]) {
    this.ca = readFileSync(controlPlane.caFile, 'utf8');
    this.#key = readFileSync(join(dirname(controlPlane.caFile), 'apiserver.key'), 'utf8');
    this.#port = port;
    this.#routes = routes;
    this.url = `https://127.0.0.1:${String(port)}`;
  }

  static async start(controlPlane: ControlPlane, routes: readonly SecureRoute[]): Promise<WebhookServer> {
    const server = new WebhookServer(controlPlane, await freePort(), routes);
    await server.start();
    return server;
  }

  /** Paths that were called, in their order. */
  get calls(): readonly string[] {
    return this.#calls;
  }

  /** After a stop(): on the same port. */
  async start(): Promise<void> {
    const server = createServer({ cert: this.ca, key: this.#key }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    this.#calls.push(pathname);
    const route = this.#routes.find(({ method, path }) => method === request.method && path === pathname);
    if (route === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { headers } = request;
    const { signal } = new AbortController();
    const { status, body } = await route.handle({ headers, body: await text(request), signal });
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  }
}
