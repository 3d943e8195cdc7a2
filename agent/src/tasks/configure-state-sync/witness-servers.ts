import { TaskError } from '@nodetask/shared';
import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import type { Egress } from '../../node/egress.ts';
import { hostAndPort, parsePeerAddress, splitList } from '../../node/peer-address.ts';

/** A server that could not become a witness. */
export interface Dropped {
  readonly server: string;
  readonly why: string;
}

export interface Candidates {
  /** In the form in which the file will name them. */
  readonly servers: readonly string[];
  readonly dropped: readonly Dropped[];
}

/** Peers say where their P2P is, not where their RPC is: CometBFT's default port is the only guess. */
const rpcPort = 26657;
/** The most peers that are probed; two good ones are enough. */
const maxPeers = 64;

/** The servers of `rpcServers`. Throws TaskError `invalid-params` or `egress-refused`, so it also checks them at submit. */
export const serversOfParams = (rpcServers: readonly string[], egress: Egress): Candidates => ({
  servers: [...new Set(rpcServers.map((text, index) => normalize(egress, `rpcServers.${index}`, text)))],
  dropped: [],
});

/** The hosts of `persistent-peers`, at the default port of the RPC. */
export const serversOfPeers = (persistentPeers: string): Candidates => {
  const servers = new Set<string>();
  const dropped: Dropped[] = [];
  for (const text of splitList(persistentPeers)) {
    const peer = parsePeerAddress(text);
    const server = peer === undefined ? text.slice(0, 100) : `http://${hostAndPort(peer.host, rpcPort)}`;
    if (peer === undefined) dropped.push({ server, why: 'the entry of persistent-peers is no <id>@<host>:<port>' });
    else if (servers.size < maxPeers || servers.has(server)) servers.add(server);
    else dropped.push({ server, why: `not asked: only the first ${maxPeers} peers are` });
  }
  return { servers: [...servers], dropped };
};

/** With scheme and port: older versions of CometBFT dial no address without a port, not even for https. */
const normalize = (egress: Egress, field: string, text: string): string => {
  const url = egress.checkURL(field, text);
  if (url.search !== '' || url.hash !== '' || url.pathname.includes(',')) {
    const message = `${JSON.stringify(text)} has a query, a fragment or a comma, which a list of RPC servers cannot hold`;
    throw new TaskError('invalid-params', `${field}: ${message}`, {
      details: { faults: [{ path: `params.${field}`, message }] },
    });
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return `${url.protocol}//${url.hostname}:${port}${withoutTrailing(url.pathname, '/')}`;
};
