/** Ports that a Sei node is to have twice. No real seid was run on such files: one of the two servers cannot listen, whichever comes first. */
import type { ConfigValues } from './config-value.ts';
import type { Diagnostic } from './diagnostic.ts';
import { listenHostPort, withoutScheme } from './node-rules/go-address.ts';
import { conflictsOf } from './node-rules/listeners.ts';

/** Servers by the key of their address, and the key that switches each on; a port alone is one of all addresses. */
const servers: readonly (readonly [address: string, enabled?: string])[] = [
  ['network.p2p.listen_address'],
  ['network.rpc.listen_address'],
  ['network.rpc.pprof_listen_address'],
  ['metrics.prometheus_listen_addr', 'metrics.enabled'],
  ['api.rest.address', 'api.rest.enable'],
  ['api.grpc.address', 'api.grpc.enable'],
  ['api.grpc_web.address', 'api.grpc_web.enable'],
  ['evm.http_port', 'evm.http_enabled'],
  ['evm.ws_port', 'evm.ws_enabled'],
];

export const seiConflicts = (values: ConfigValues): readonly Diagnostic[] => {
  const listeners = servers.flatMap(([key, enabled]) => {
    const value = values.get(key);
    if (value === undefined || value === '' || (enabled !== undefined && values.get(enabled) !== true)) return [];
    const at = listenHostPort(typeof value === 'bigint' ? `:${value}` : withoutScheme(String(value)));
    return at === undefined ? [] : [{ key, ...at }];
  });
  return conflictsOf(listeners).map(({ one, other }) => ({
    severity: 'ERROR',
    field: other.key,
    message: `is port ${other.port}, which ${one.key} has too: one of the two cannot listen, give each its own`,
  }));
};
