// One HTTP request on a connection of its own, over TLS or not. The global fetch takes no client certificate.
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

/** How to meet a server of https. */
export interface TlsCall {
  /** PEM: whom to trust. Absent: anybody, as the probes of a kubelet do. */
  readonly ca?: string;
  /** The name that the server's certificate must have. */
  readonly serverName?: string;
  /** PEM: the client's own. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface HttpCall {
  /** http:// or https:// */
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: TlsCall;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Answers whatever the status; throws where there is no answer. */
export async function httpCall({
  url,
  method = 'GET',
  headers = {},
  body,
  tls = {},
  signal,
}: HttpCall): Promise<HttpAnswer> {
  const options = { method, headers, signal, agent: false as const };
  const request = url.startsWith('https:')
    ? httpsRequest(url, { ...options, ...secureOptions(tls) })
    : httpRequest(url, options);
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: headersOf(response), text: await text(response) };
}

function secureOptions({ ca, serverName, certificate, key }: TlsCall) {
  return {
    ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(certificate === undefined ? {} : { cert: certificate, key }),
  };
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
}
