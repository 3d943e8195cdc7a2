import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '@nodetask/shared';
import type { ListenAddress } from '@nodetask/runtime/command-line';
import type { TlsIdentity } from '../tls/tls-identity.ts';
import { type AppOptions, createApp, identityHeaders, type Identity } from './app.ts';
import { createTlsServer, type TlsServer } from './tls-server.ts';

/**
 * Not by `import`: that reads every export of the module, and the one of WebSocket loads a whole HTTP client, 15 MB of RSS that
 * the agent has no use for.
 */
const { createServer } = process.getBuiltinModule('node:http');

/** What a client may cost. */
export interface ServerLimits {
  /** Connections beyond this are answered 503; a few more than that are cut at once. */
  readonly connections: number;
  readonly headerBytes: number;
  readonly headersMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
}

export const defaultLimits: ServerLimits = {
  connections: 256,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
};

export interface AgentServer {
  readonly address: ListenAddress;
  /** Ends the event streams, lets requests finish, then cuts what is left when `deadline` aborts. */
  close(deadline: AbortSignal): Promise<void>;
}

/** The address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export interface AgentServerOptions extends Omit<AppOptions, 'overloaded'> {
  /** Absent: plain HTTP. */
  readonly tls?: TlsIdentity;
}

/** @throws ListenError */
export const startServer = async (
  address: ListenAddress,
  options: AgentServerOptions,
  limits: ServerLimits = defaultLimits,
): Promise<AgentServer> => {
  const sockets = new Set<Socket>();
  const app = createApp({ ...options, overloaded: () => sockets.size > limits.connections });
  const server = createFor(options, limits, app);
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = limits.keepAliveMs;
  server.maxHeadersCount = 100;
  server.maxConnections = limits.connections + 32;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    refuseBytes(error, socket as Socket, options.identity);
  });

  await listen(server, address);
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    close: (deadline) => close({ server, sockets, streams: options.streams, logger: options.logger }, deadline),
  };
};

const createFor = (
  { tls, logger }: AgentServerOptions,
  limits: ServerLimits,
  app: RequestListener,
): Server | TlsServer => {
  const http: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: 2000,
    noDelay: true,
  };
  if (tls === undefined) return createServer(http, app);
  return createTlsServer({ tls, http, handshakeMs: limits.headersMs, logger }, app);
};

const listen = (server: Server | TlsServer, { host, port }: ListenAddress): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(new ListenError(listenFault(error, `${host ?? ''}:${String(port)}`), { cause: error }));
    };
    server.once('error', onError);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });

const listenFault = (error: NodeJS.ErrnoException, address: string): string => {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Cannot listen on ${address}: another process listens there. Stop it, or give another --listen.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `Cannot listen on ${address}: this machine has no such address. Give another --listen.`;
    case 'EACCES':
      return `Cannot listen on ${address}: not permitted; ports below 1024 need a capability. Give another --listen.`;
    case undefined:
    default:
      return `Cannot listen on ${address}: ${error.message}`;
  }
};

interface Closing {
  readonly server: Server | TlsServer;
  readonly sockets: ReadonlySet<Socket>;
  readonly streams: AppOptions['streams'];
  readonly logger: Logger;
}

const close = async ({ server, sockets, streams, logger }: Closing, deadline: AbortSignal): Promise<void> => {
  streams.endAll();
  const cut = (): void => {
    logger.warn('cutting the connections that are still open');
    // Not by closeAllConnections(): it knows none that is still in its handshake.
    for (const socket of sockets) socket.destroy();
  };
  if (deadline.aborted) cut();
  else deadline.addEventListener('abort', cut, { once: true });
  await new Promise<void>((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    server.closeIdleConnections();
  });
  deadline.removeEventListener('abort', cut);
};

/** What is not even HTTP gets its answer too. */
const refuseBytes = (error: NodeJS.ErrnoException, socket: Socket, identity: Identity): void => {
  // Of a handshake: who does not speak TLS would not understand an answer in it.
  const isTls = error.code?.startsWith('ERR_SSL') === true || error.code?.startsWith('ERR_TLS') === true;
  if (error.code === 'ECONNRESET' || isTls || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, text] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers are larger than 16 KiB. Send fewer or shorter ones.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request did not arrive in time. Send it at once.']
        : ['400 Bad Request', 'The bytes are not an HTTP/1.1 request.'];
  const body = JSON.stringify({ error: text, code: 'invalid-request', retriable: false });
  const head = Object.entries({
    ...identityHeaders(identity),
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('')}\r\n${body}`, () => {
    socket.destroy();
  });
};
