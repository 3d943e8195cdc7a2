import type { ListenAddress } from '@nodetask/runtime/command-line';
import {
  ConnectionGuard,
  type CutReason,
  probeLimits,
  type ProbeLimits,
  tellOfCuts,
} from '@nodetask/runtime/connections';
import { Gate } from './access.ts';
import { type AppOptions, createApp } from './app.ts';
import { type AgentServer, openListener } from './open-listener.ts';
import { healthz, livez, startupz } from './routes/probes.ts';

const { createServer } = process.getBuiltinModule('node:http');

/**
 * The probes of the kubelet on a listener of their own, so that nobody who holds connections of the API keeps it from asking. Plain HTTP: a kubelet checks
 * no certificate. Each connection is for one request.
 * @throws ListenError
 */
export const startProbeServer = async (
  address: ListenAddress,
  options: Omit<AppOptions, 'routes' | 'connections' | 'gate'>,
  limits: ProbeLimits = probeLimits,
): Promise<AgentServer> => {
  const count = (reason: CutReason): void => {
    options.metrics.connectionsCut.inc({ listener: 'probes', reason });
  };
  const connections = new ConnectionGuard(limits, tellOfCuts({ ...options, listener: 'probes', count }));
  const app = createApp({ ...options, gate: new Gate({}), routes: [healthz, livez, startupz] });
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 500,
      noDelay: true,
    },
    app,
  );
  return openListener({ ...options, server, connections, address, limits, flag: '--probe-listen' });
};
