import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { ConnectionGuard, type OnCut } from '@nodetask/runtime/connections';
import type { Clock, Logger } from '@nodetask/shared';
import { listen, type ListenAddress } from '../listen.ts';
import { answerRequest } from './answer-request.ts';
import { defaultLimits, type SecureServerLimits } from './limits.ts';
import type { SecureRoute } from './secure-route.ts';

/** PEM: what a server shows of itself. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface SecureServerOptions {
  readonly address: ListenAddress;
  readonly routes: readonly SecureRoute[];
  readonly certificate: ServerCertificate;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of the connections that it cuts. */
  readonly onCut?: OnCut;
  readonly limits?: Partial<SecureServerLimits>;
}

/** The operator's HTTPS server: TLS 1.3, HTTP/1.1. It asks nobody for a certificate: each route checks for itself who calls. */
export class SecureServer implements AsyncDisposable {
  readonly #options: SecureServerOptions;
  readonly #limits: SecureServerLimits;
  readonly #server: Server;
  readonly #connections: ConnectionGuard;

  constructor(options: SecureServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#server = createServer(
      {
        ...contextOf(options.certificate),
        maxHeaderSize: this.#limits.headerBytes,
        handshakeTimeout: this.#limits.handshakeMs,
        headersTimeout: this.#limits.headersMs,
        requestTimeout: this.#limits.requestMs,
        keepAliveTimeout: this.#limits.keepAliveMs,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => {
          options.logger.error('an answer could not be sent', { path: request.url, error });
          response.destroy();
        });
      },
    );
    this.#connections = new ConnectionGuard(this.#limits, options.onCut);
    this.#connections.watch(this.#server);
    this.#server.maxHeadersCount = 64;
  }

  /** @throws ListenError */
  async listen(): Promise<void> {
    await listen(this.#server, this.#options.address, '--secure-listen');
  }

  /** The port that it listens on. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the HTTPS server does not listen');
    return address.port;
  }

  /** New connections are shown this certificate from now on; those that there are go on. */
  setCertificate(certificate: ServerCertificate): void {
    this.#server.setSecureContext(contextOf(certificate));
  }

  /** Takes no more connections, gives requests a moment to end, and cuts what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    const cancel = this.#options.clock.setTimer(this.#limits.closeMs, () => {
      this.#connections.cutAll();
    });
    await closed;
    cancel();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort(new Error('the client is gone'));
    });
    const { socket } = request;
    const proven = (): void => {
      this.#connections.raise(socket, 'proven');
    };
    const { answerMs } = this.#limits;
    const answer = await answerRequest(request, gone.signal, { ...this.#options, answerMs, proven });
    if (gone.signal.aborted) return;
    // Of a body that was not read, the rest would be taken for the next request.
    const isKept = answer.keepAlive === true && request.complete;
    if (isKept) this.#connections.raise(socket, 'served');
    response.writeHead(answer.status, {
      'Content-Type': answer.contentType ?? 'application/json',
      'Content-Length': Buffer.byteLength(answer.body),
      ...(isKept ? {} : { Connection: 'close' }),
      ...answer.headers,
    });
    response.end(answer.body);
  }
}

const contextOf = ({ cert, key }: ServerCertificate): SecureContextOptions => ({ cert, key, minVersion: 'TLSv1.3' });
