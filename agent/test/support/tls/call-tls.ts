import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { SecureVersion, TLSSocket } from 'node:tls';
import type { IssuedCertificate } from '@nodetask/testbed';

/** A client; without `verify` it looks at no certificate, as a kubelet. */
export interface TlsClient {
  readonly port: number;
  /** What it shows of itself. */
  readonly certificate?: IssuedCertificate | undefined;
  /** Default: a connection for this request alone. */
  readonly agent?: Agent;
  readonly version?: SecureVersion;
  /** Whom it wants to speak to. */
  readonly verify?: { readonly ca: string; readonly serverName: string };
}

export interface TlsCall {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface TlsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** That of the server. */
  readonly peer: X509Certificate | undefined;
}

/** The answer, its body not read yet. */
export const beginTlsCall = async (client: TlsClient, call: TlsCall): Promise<IncomingMessage> => {
  const { port, certificate, agent = false, version, verify } = client;
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    agent,
    ...(verify === undefined ? { rejectUnauthorized: false } : { ca: verify.ca, servername: verify.serverName }),
    ...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
    // This client would speak any version: it is the agent that refuses.
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }),
    method: call.method ?? 'GET',
    path: call.path,
    headers: {
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...call.headers,
    },
  });
  request.end(call.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
};

export const callTls = async (client: TlsClient, call: TlsCall): Promise<TlsAnswer> => {
  const response = await beginTlsCall(client, call);
  const peer = (response.socket as TLSSocket).getPeerX509Certificate();
  return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response), peer };
};

/** Sends all requests over one connection, and counts those that it made all the same. */
export class OneConnection extends Agent {
  connections = 0;

  constructor({ certificate, key }: IssuedCertificate) {
    super({ keepAlive: true, maxSockets: 1, cert: certificate, key });
  }

  override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    this.connections++;
    return super.createConnection(...args);
  }
}
