import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { X509Certificate } from 'node:crypto';
import { enrollPath, enrollRequestSchema } from '@nodetask/shared';
import type { CertificateAuthority, CertificateOptions, IssuedCertificate } from '@nodetask/testbed';

export interface EnrollCall {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export type Answer = (call: EnrollCall, response: ServerResponse) => unknown;

export interface EnrollServerOptions {
  readonly ca: CertificateAuthority;
  readonly podUID: string;
  /** The certificate of the server itself; default: one of `ca` for 127.0.0.1. */
  readonly certificate?: IssuedCertificate;
  readonly port?: number;
}

/** A real HTTPS server in the place of the operator's: it issues certificates, or does what a test wants instead. */
export class EnrollServer implements AsyncDisposable {
  readonly calls: EnrollCall[] = [];
  /** PEM, in order. */
  readonly issued: string[] = [];
  readonly ca: CertificateAuthority;
  readonly #podUID: string;
  readonly #server: ReturnType<typeof createServer>;
  #answer: Answer;
  #waiters: (() => void)[] = [];

  private constructor(options: EnrollServerOptions, own: IssuedCertificate) {
    this.ca = options.ca;
    this.#podUID = options.podUID;
    this.#answer = this.issue();
    this.#server = createServer({ key: own.key, cert: own.certificate }, (request, response) => {
      void this.#handle(request, response);
    });
  }

  static async start(options: EnrollServerOptions): Promise<EnrollServer> {
    const own = options.certificate ?? (await options.ca.issue({ ips: ['127.0.0.1'], usages: ['server'] }));
    const server = new EnrollServer(options, own);
    server.#server.listen(options.port ?? 0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${String(this.port)}/`;
  }

  /** What the next requests get. */
  set answer(answer: Answer) {
    this.#answer = answer;
  }

  /** An answer that issues a certificate for the key of the request; options over those of an agent's certificate. */
  issue(options: () => CertificateOptions = () => ({}), ca = this.ca): Answer {
    return async (call, response) => {
      const { publicKey } = enrollRequestSchema.parse(JSON.parse(call.body));
      const { certificate } = await ca.agent(this.#podUID, { publicKey, ...options() });
      this.issued.push(certificate);
      const notAfter = new X509Certificate(certificate).validToDate.toISOString();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ certificate, notAfter }));
    };
  }

  /** Resolves once this many requests have come. */
  async untilCalls(count: number): Promise<void> {
    while (this.calls.length < count) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call: EnrollCall = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: await text(request),
    };
    this.calls.push(call);
    for (const wake of this.#waiters.splice(0)) wake();
    if (call.method !== 'POST' || call.path !== enrollPath) response.writeHead(404).end();
    else await this.#answer(call, response);
  }
}
