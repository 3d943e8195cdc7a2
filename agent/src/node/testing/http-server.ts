import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTLSServer } from 'node:https';
import type { TestContext } from 'node:test';
import type { Certificate } from '../../../test/support/tls/server-certificate.ts';
import { LoopbackServer } from './loopback-server.ts';

export interface TestServer {
  readonly port: number;
  /** `host:port`, for --allow-host. */
  readonly host: string;
  readonly url: string;
  /** Paths with queries, in the order in which they were asked for. */
  readonly requests: readonly string[];
}

/** A real HTTP(S) server on loopback, closed when the test ends, with what is still open. */
export const startServer = async (
  test: TestContext,
  respond: (request: IncomingMessage, response: ServerResponse) => void,
  certificate?: Certificate,
): Promise<TestServer> => {
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request.url ?? '');
    respond(request, response);
  };
  const server: Server = certificate === undefined ? createServer(listener) : createTLSServer(certificate, listener);
  const open = await LoopbackServer.listen(server);
  test.after(() => open[Symbol.asyncDispose]());
  const { port, host } = open;
  return { port, host, url: `http${certificate === undefined ? '' : 's'}://${host}`, requests };
};

/** Answers with JSON. */
export const sendJson = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};
