import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** PEM. */
export interface PeerIdentity {
  readonly cert: string;
  readonly key: string;
  /** Whose clients are let in. */
  readonly ca: string;
}

export interface TLSPeerOptions extends PeerIdentity {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: answers each request with an object that says who called. */
  readonly listener?: RequestListener;
}

/** What a client showed. */
export interface SeenClient {
  /** subjectAltName of its certificate. */
  readonly names: string | undefined;
  readonly serialNumber: string;
  /** The name that it asked for (SNI). */
  readonly serverName: string;
}

/** An HTTPS server that lets nobody in without a certificate, as an agent with TLS does. */
export class TLSPeer implements AsyncDisposable {
  readonly #server: Server;
  /** One for each connection. */
  readonly clients: SeenClient[] = [];
  /** Method and path of each request. */
  readonly requests: string[] = [];
  /** Connections that failed before a request could be made. */
  readonly failures: string[] = [];
  #open = 0;

  private constructor(options: TLSPeerOptions) {
    this.#server = createServer({ ...contextOf(options), requestCert: true, rejectUnauthorized: true });
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      const { subjectaltname, serialNumber } = socket.getPeerCertificate();
      const { servername: serverName = '' } = socket as { readonly servername?: string };
      this.clients.push({ names: subjectaltname, serialNumber, serverName });
      this.#open += 1;
      socket.once('close', () => {
        this.#open -= 1;
      });
    });
    this.#server.on('tlsClientError', (error) => {
      this.failures.push(error.message);
    });
    this.#server.on('request', (request, response) => {
      this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const listener = options.listener ?? sayWho;
      listener(request, response);
    });
  }

  static async start(options: TLSPeerOptions): Promise<TLSPeer> {
    const peer = new TLSPeer(options);
    peer.#server.listen(0, options.host ?? '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open;
  }

  /** For new connections. */
  show(identity: PeerIdentity): void {
    this.#server.setSecureContext(contextOf(identity));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

const contextOf = ({ cert, key, ca }: PeerIdentity): PeerIdentity => ({ cert, key, ca });

const sayWho: RequestListener = (request: IncomingMessage, response): void => {
  const { subjectaltname } = (request.socket as TLSSocket).getPeerCertificate();
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ caller: subjectaltname }));
};
