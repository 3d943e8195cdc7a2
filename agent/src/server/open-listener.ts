import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionGuard } from '@nodetask/runtime/connections';
import type { ListenAddress } from '@nodetask/runtime/command-line';
import type { Logger } from '@nodetask/shared';
import { type Identity, identityHeaders } from './app.ts';
import type { TlsServer } from './tls-server.ts';

export interface AgentServer {
  readonly address: ListenAddress;
  /** Lets requests finish, then cuts what is left when `deadline` aborts. */
  close(deadline: AbortSignal): Promise<void>;
}

/** The address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export interface ListenerOptions {
  readonly server: Server | TlsServer;
  readonly connections: ConnectionGuard;
  readonly address: ListenAddress;
  /** The option that says the address. */
  readonly flag: string;
  readonly limits: { readonly headerBytes: number };
  readonly identity: Identity;
  readonly logger: Logger;
}

/** @throws ListenError */
export const openListener = async (options: ListenerOptions): Promise<AgentServer> => {
  const { server, connections, identity, limits } = options;
  server.maxHeadersCount = 100;
  connections.watch(server);
  server.on('clientError', (error: Error, socket: Duplex) => {
    refuseBytes(error, socket as Socket, { identity, headerBytes: limits.headerBytes });
  });
  await listen(options);
  const bound = server.address() as AddressInfo;
  return { address: { host: bound.address, port: bound.port }, close: (deadline) => close(options, deadline) };
};

const listen = ({ server, address: { host, port }, flag }: ListenerOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const fault = listenFault(error, `${host ?? ''}:${String(port)}`, flag);
      reject(new ListenError(fault, { cause: error }));
    };
    server.once('error', onError);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });

const listenFault = (error: NodeJS.ErrnoException, address: string, flag: string): string => {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Cannot listen on ${address}: another process listens there. Stop it, or give another ${flag}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `Cannot listen on ${address}: this machine has no such address. Give another ${flag}.`;
    case 'EACCES':
      return `Cannot listen on ${address}: not permitted; ports below 1024 need a capability. Give another ${flag}.`;
    case undefined:
    default:
      return `Cannot listen on ${address}: ${error.message}`;
  }
};

const close = async ({ server, connections, logger }: ListenerOptions, deadline: AbortSignal): Promise<void> => {
  const cut = (): void => {
    logger.warn('cutting the connections that are still open');
    connections.cutAll();
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

interface Refusal {
  readonly identity: Identity;
  readonly headerBytes: number;
}

/** Bytes that are not even HTTP get an answer too. */
const refuseBytes = (error: NodeJS.ErrnoException, socket: Socket, { identity, headerBytes }: Refusal): void => {
  // Of a handshake: who does not speak TLS would not understand an answer in it.
  const isTls = error.code?.startsWith('ERR_SSL') === true || error.code?.startsWith('ERR_TLS') === true;
  if (error.code === 'ECONNRESET' || isTls || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, text] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [
          '431 Request Header Fields Too Large',
          `The headers are larger than ${String(headerBytes / 1024)} KiB. Send fewer or shorter ones.`,
        ]
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
