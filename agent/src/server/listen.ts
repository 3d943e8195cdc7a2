import type { ServerOptions } from 'node:http';
import { ConnectionGuard, type ConnectionLimits, type CutReason, tellOfCuts } from '@nodetask/runtime/connections';
import type { ListenAddress } from '@nodetask/runtime/command-line';
import type { TlsIdentity } from '../tls/tls-identity.ts';
import { type AppOptions, createApp } from './app.ts';
import { type AgentServer, openListener } from './open-listener.ts';
import { routes } from './routes.ts';
import { createTlsServer } from './tls-server.ts';

/**
 * Not by `import`: that reads every export of the module, and the one of WebSocket loads a whole HTTP client, 15 MB of RSS that
 * the agent has no use for.
 */
const { createServer } = process.getBuiltinModule('node:http');

/** What a client may cost. */
export interface ServerLimits extends ConnectionLimits {
  readonly headerBytes: number;
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** Of connections whose caller may call more than the probes; the others are closed with their first answer. */
  readonly keepAliveMs: number;
}

export const defaultLimits: ServerLimits = {
  connections: 256,
  reserved: 32,
  perAddress: 64,
  headerBytes: 16 * 1024,
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
};

export interface AgentServerOptions extends Omit<AppOptions, 'routes' | 'connections'> {
  /** Absent: plain HTTP. */
  readonly tls?: TlsIdentity;
}

/**
 * The HTTP API.
 * @throws ListenError
 */
export const startServer = async (
  address: ListenAddress,
  options: AgentServerOptions,
  limits: ServerLimits = defaultLimits,
): Promise<AgentServer> => {
  const { tls, logger, streams, metrics } = options;
  const count = (reason: CutReason): void => {
    metrics.connectionsCut.inc({ listener: 'api', reason });
  };
  const connections = new ConnectionGuard(limits, tellOfCuts({ ...options, listener: 'api', count }));
  const app = createApp({ ...options, routes, connections });
  const http: ServerOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: 1000,
    noDelay: true,
  };
  const server =
    tls === undefined
      ? createServer(http, app)
      : createTlsServer({ tls, http, handshakeMs: limits.handshakeMs, logger }, app);
  const listener = await openListener({ ...options, server, connections, address, limits, flag: '--listen' });
  return {
    address: listener.address,
    close: (deadline) => {
      streams.endAll();
      return listener.close(deadline);
    },
  };
};
