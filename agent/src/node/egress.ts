import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { rpcUrl, TaskError } from '@nodetask/shared';
import type { buildConnector, Dispatcher } from 'undici';
import { before } from '@nodetask/runtime/foreign-text';
import { isIPAddress, isLoopbackAddress, refusedAddress } from './ip-address.ts';

export interface EgressOptions {
  /** URL of the node's own RPC, which the agent may always reach. */
  readonly nodeRPC: string;
  /** Hosts that are exempt, as `host` or `host:port`: the agent's --allow-host. */
  readonly allowHosts?: readonly string[];
  /** Certificates to trust beside those of the system, in PEM; NODE_EXTRA_CA_CERTS works as well. */
  readonly ca?: string;
  /** The resolver; default: that of the system. */
  readonly lookup?: LookupFunction;
}

/**
 * The one check of where the agent connects to on behalf of a task. It is made three times: on the text of the params (`checkURL`, at
 * submit), on every redirect (`checkURL`), and on every address that a connection of `dispatcher` is opened to, so that a name which
 * resolves to something else a moment later gains nothing. Throws TaskError `egress-refused`.
 */
export interface Egress {
  /** Parses the URL of a parameter and refuses hosts that must not be reached. `field` names the parameter. */
  checkURL(field: string, url: string): URL;
  /** The same for a host without a URL. */
  checkHost(field: string, host: string, port?: number): void;
  /**
   * The same for a peer of the node, which only the node connects to. It may be on loopback: containers of a pod share that, for instance a
   * node and its sentry.
   */
  checkPeer(field: string, host: string, port: number): void;
  /**
   * The resolver for a connection of node:net to the host: it fails where the name leads to an address that must not be reached. Throws
   * where the host itself must not be.
   */
  lookup(host: string, port: number): LookupFunction;
  /** What undici connects through; one for all requests. */
  dispatcher(): Promise<Dispatcher>;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;

/** Names that mean the machine itself or its cloud, whatever they resolve to. */
const ownName = /^(?:localhost|.*\.localhost|localhost\.localdomain)$/;
const cloudName = 'metadata.google.internal';

const isLoopbackHost = (host: string): boolean => (isIPAddress(host) ? isLoopbackAddress(host) : ownName.test(host));

export const createEgress = (options: EgressOptions): Egress => {
  const exempt = [parseNodeRPC(options.nodeRPC), ...(options.allowHosts ?? []).map(parseAllowHost)];
  const isExempt = (host: string, port: number): boolean =>
    exempt.some((entry) => entry.hosts.includes(host) && (entry.port === undefined || entry.port === port));
  const refusal = (host: string, port: number): string | undefined => {
    if (isExempt(host, port)) return undefined;
    if (ownName.test(host) || host === cloudName) return 'a name of this machine or of its cloud';
    return isIPAddress(host) ? refusedAddress(host) : undefined;
  };
  const check = (field: string, host: string, port: number): void => {
    const what = refusal(host, port);
    if (what !== undefined) throw refuse(`${field}: ${host}`, what);
  };
  let agent: Promise<Dispatcher> | undefined;
  return {
    checkURL: (field, text) => {
      const url = parseURL(field, text);
      check(field, hostOf(url), portOf(url));
      return url;
    },
    checkHost: (field, text, port = 0) => {
      check(field, normalizeHost(text) ?? invalidHost(field, text), port);
    },
    checkPeer: (field, text, port) => {
      const host = normalizeHost(text) ?? invalidHost(field, text);
      const what = refusal(host, port);
      if (what === undefined || isLoopbackHost(host)) return;
      throw refuse(`${field}: ${host}`, what, 'where no peer of a node is');
    },
    lookup: (host, port) => {
      const what = refusal(host, port);
      if (what !== undefined) throw refuse(host, what);
      const lookup = options.lookup ?? systemLookup;
      return isExempt(host, port) ? lookup : guard(lookup);
    },
    dispatcher: () => {
      agent ??= createAgent(options, isExempt, refusal);
      return agent;
    },
    close: async () => {
      await (await agent)?.destroy();
      agent = undefined;
    },
  };
};

const refuse = (where: string, what: string, why = 'which the agent does not connect to'): TaskError =>
  new TaskError('egress-refused', `${where} is ${what}, ${why}: use another host, or allow it with --allow-host`);

const createAgent = async (
  options: EgressOptions,
  isExempt: (host: string, port: number) => boolean,
  refusal: (host: string, port: number) => string | undefined,
): Promise<Dispatcher> => {
  // Loaded on first use: the agent must start fast.
  const [{ Agent, buildConnector: build }, { getCACertificates }] = await Promise.all([
    import('./http/undici.ts'),
    import('node:tls'),
  ]);
  const tls = options.ca === undefined ? {} : { ca: [...getCACertificates('default'), options.ca] };
  const connect: buildConnector.connector = (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
    const what = refusal(host, port);
    if (what !== undefined) {
      callback(refuse(host, what), null);
      return;
    }
    const lookup = options.lookup ?? systemLookup;
    build({ ...tls, timeout: connectTimeoutMs, lookup: isExempt(host, port) ? lookup : guard(lookup) })(
      target,
      callback,
    );
  };
  // A task talks to a few hosts for a short time: idle connections are not worth keeping long. How many are open at once is the task's to bound.
  return new Agent({ connect, keepAliveTimeout: 4_000, keepAliveMaxTimeout: 30_000, pipelining: 1, connections: 256 });
};

/** A resolver that fails where any address of the name must not be reached: a name that mixes them is not to be trusted at all. */
const guard =
  (lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const found: readonly LookupAddress[] = Array.isArray(addresses)
        ? addresses
        : [{ address: addresses, family: 0 }];
      for (const { address } of found) {
        const what = refusedAddress(address);
        if (what !== undefined) {
          callback(refuse(`${hostname} resolves to ${address}, which`, what), '');
          return;
        }
      }
      const [first] = found;
      if (options.all === true) callback(null, [...found]);
      else callback(null, first?.address ?? '', first?.family);
    });
  };

interface Exemption {
  readonly hosts: readonly string[];
  /** Absent: every port. */
  readonly port: number | undefined;
}

const loopbackSpellings = ['localhost', '127.0.0.1', '::1'];

/** The node listens on this machine under several names. */
const parseNodeRPC = (text: string): Exemption => {
  const url = parseURL('--node-rpc', rpcUrl(text));
  const host = hostOf(url);
  return { hosts: loopbackSpellings.includes(host) ? loopbackSpellings : [host], port: portOf(url) };
};

const parseAllowHost = (text: string): Exemption => {
  const [, host = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(isIPAddress(text) ? `[${text}]` : text) ?? [];
  const plain = normalizeHost(isIPAddress(text) ? text : host) ?? invalidHost('--allow-host', text);
  return { hosts: [plain], port: port === undefined ? undefined : Number(port) };
};

const parseURL = (field: string, text: string): URL => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username + url.password !== '') {
    throw new TaskError(
      'invalid-params',
      `${field}: ${JSON.stringify(text.replace(/\/\/[^/]*@/, '//…@').slice(0, 200))} is not an http:// or https:// URL without credentials`,
      {
        details: {
          faults: [{ path: `params.${field}`, message: 'must be an http:// or https:// URL without credentials' }],
        },
      },
    );
  }
  return url;
};

/** The URL parser turns every spelling of an IPv4 address (decimal, octal, hexadecimal, short) into the dotted one. */
const hostOf = (url: URL): string =>
  url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();

const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);

const normalizeHost = (text: string): string | undefined => {
  const bare = before(text.replace(/^\[|\]$/g, ''), '%');
  const url = URL.parse(`http://${isIPAddress(bare) && bare.includes(':') ? `[${bare}]` : bare}/`);
  return url === null || url.pathname !== '/' || url.port !== '' || url.username !== '' || url.search !== ''
    ? undefined
    : hostOf(url);
};

const invalidHost = (field: string, text: string): never => {
  throw new TaskError(
    'invalid-params',
    `${field}: ${JSON.stringify(text.slice(0, 200))} is not a host name or an IP address`,
    {
      details: { faults: [{ path: `params.${field}`, message: 'must be a host name or an IP address' }] },
    },
  );
};
