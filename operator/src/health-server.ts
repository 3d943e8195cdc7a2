import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ConnectionGuard, type OnCut, probeLimits, type ProbeLimits } from '@nodetask/runtime/connections';
import type { Logger } from '@nodetask/shared';
import type { Registry } from 'prom-client';
import type { Check } from './kube/informer-health.ts';
import { listen, type ListenAddress } from './listen.ts';

export interface HealthServerOptions {
  readonly address: ListenAddress;
  /** Whether the process does its work; when not, it is restarted. */
  readonly liveness: () => Check;
  /** Whether its caches are complete. */
  readonly readiness: () => Check;
  /** One word on the part that this instance plays, for people: leader or standby. */
  readonly role: () => string;
  /** Absent: whoever reaches this port may not read the metrics. */
  readonly registry?: Registry;
  readonly logger: Logger;
  /** Told of the connections that it cuts. */
  readonly onCut?: OnCut;
  readonly limits?: Partial<ProbeLimits>;
}

/**
 * Serves /healthz and /readyz, and /metrics where it is given them. Whoever reaches the port may read them. Each connection is for one request, so that
 * nobody keeps the kubelet out by holding connections open.
 */
export class HealthServer implements AsyncDisposable {
  readonly #options: HealthServerOptions;
  readonly #server: Server;

  constructor(options: HealthServerOptions) {
    this.#options = options;
    const limits = { ...probeLimits, ...options.limits };
    const timeouts = { headersTimeout: limits.requestMs, requestTimeout: limits.requestMs };
    const bounds = { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: 500, ...timeouts };
    this.#server = createServer(bounds, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.logger.error('a health request failed', { path: request.url, error });
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
    new ConnectionGuard(limits, options.onCut).watch(this.#server);
  }

  /** @throws ListenError */
  async listen(): Promise<void> {
    await listen(this.#server, this.#options.address, '--listen');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { liveness, readiness, role, registry } = this.#options;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      respond(response, 405, 'use GET', { Allow: 'GET, HEAD' });
      return;
    }
    const path = request.url?.split('?', 1)[0];
    if (path === '/healthz') check(response, liveness(), 'ok');
    else if (path === '/readyz') check(response, readiness(), role());
    else if (path === '/metrics' && registry !== undefined)
      respond(response, 200, await registry.metrics(), { 'Content-Type': registry.contentType });
    else if (path === '/metrics')
      respond(response, 404, 'the metrics are served by the HTTPS server (--secure-metrics)');
    else respond(response, 404, 'there are /healthz, /readyz and /metrics');
  }
}

const check = (response: ServerResponse, result: Check, fine: string): void => {
  if (result.ok) respond(response, 200, fine);
  else respond(response, 503, result.reason);
};

const respond = (
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close', ...headers });
  response.end(text.endsWith('\n') ? text : `${text}\n`);
};
