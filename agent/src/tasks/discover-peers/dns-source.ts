import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { TaskError } from '@nodetask/shared';
import { abortable } from '../../node/abortable.ts';
import type { Egress } from '../../node/egress.ts';
import { isPort } from '../../node/peer-address.ts';
import { waitFor } from '../../outside-waits.ts';
import { type Candidate, maxHosts, type PeerSource } from './peer-source.ts';

export interface DnsSourceOptions {
  readonly egress: Egress;
  /** P2P port of hosts that are found by address. */
  readonly port: number;
  readonly rpcPort: number;
  /** DNS servers for SRV records, as `address:port`; default: those of the system. */
  readonly dnsServers?: readonly string[];
}

const tryTimeoutMs = 5_000;
const tries = 2;

/**
 * The addresses of a name, as the system resolves it (search domains and hosts file included). The order of DNS answers changes from one
 * to the next, so they are sorted.
 */
export const addressSource = (
  hostname: string,
  field: string,
  { egress, port, rpcPort }: DnsSourceOptions,
): PeerSource => {
  egress.checkHost(`${field}.hostname`, hostname, rpcPort);
  return {
    name: `dns ${hostname}`,
    find: async (signal) => {
      const found = await waitFor(nameOf(hostname), async () =>
        abortable(lookupAll(egress.lookup(hostname, rpcPort), hostname), signal),
      );
      return limited(hostname, inOrder([...new Set(found)].map((host) => ({ host, port }))));
    },
  };
};

/** The targets of SRV records, by name and with the records' ports: names stay good when addresses change. RFC 2782. */
export const serviceSource = (
  hostname: string,
  field: string,
  { egress, rpcPort, dnsServers }: DnsSourceOptions,
): PeerSource => {
  egress.checkHost(`${field}.hostname`, hostname, rpcPort);
  return {
    name: `dns SRV ${hostname}`,
    find: async (signal) => {
      const resolver = new Resolver({ timeout: tryTimeoutMs, tries });
      if (dnsServers !== undefined) resolver.setServers(dnsServers);
      try {
        const records = await waitFor(nameOf(hostname), async () => abortable(resolver.resolveSrv(hostname), signal));
        // A target "." says that there is no such service.
        const targets = records.filter(({ name }) => name !== '' && name !== '.');
        return limited(hostname, inOrder(unique(targets.map(({ name, port }) => toCandidate(name, port)))));
      } catch (error) {
        signal.throwIfAborted();
        throw dnsError(hostname, error);
      } finally {
        resolver.cancel();
      }
    },
  };
};

const nameOf = (hostname: string) => (): string => `the DNS to resolve ${hostname}`;

/** What a DNS server says goes into a config file: nothing but a host name may. */
const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?$/;

const toCandidate = (name: string, port: number): Candidate => {
  const host = name.replace(/\.$/, '').toLowerCase();
  if (!hostName.test(host)) return { host: JSON.stringify(host).slice(0, 80), port, fault: 'is no host name' };
  return isPort(port) ? { host, port } : { host, port, fault: `port ${port} of the SRV record is none` };
};

const lookupAll = (lookup: LookupFunction, hostname: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, found) => {
      if (error !== null) reject(dnsError(hostname, error));
      else resolve(Array.isArray(found) ? found.map(({ address }: LookupAddress) => address) : [found]);
    });
  });

const dnsError = (hostname: string, error: unknown): TaskError => {
  if (error instanceof TaskError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const advice =
    code === 'ENOTFOUND' || code === 'ENODATA'
      ? 'the name does not exist or has no such record: check hostname'
      : 'check the DNS of the pod';
  return new TaskError('source-unreachable', `${hostname} cannot be resolved (${code}): ${advice}`, { cause: error });
};

const limited = (hostname: string, candidates: readonly Candidate[]): readonly Candidate[] => {
  if (candidates.length > maxHosts) {
    throw new TaskError(
      'source-invalid',
      `${hostname} has ${candidates.length} addresses, and at most ${maxHosts} are asked: use a name for fewer`,
    );
  }
  return candidates;
};

const keyOf = ({ host, port }: Candidate): string => `${host} ${port}`;

const unique = (candidates: readonly Candidate[]): readonly Candidate[] => [
  ...new Map(candidates.map((candidate) => [keyOf(candidate), candidate])).values(),
];

/** IPv4 before IPv6: of a node that has both, the first is taken. */
const inOrder = (candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.toSorted((a, b) => rank(a) - rank(b) || (keyOf(a) < keyOf(b) ? -1 : 1));

const rank = ({ host }: Candidate): number => (host.includes(':') ? 1 : 0);
