/** Values that keep a CometBFT node from starting though `ValidateBasic` takes them: addresses and peers, levels, backends, as its node reads them. */
import type { CometBFTVersion } from '../known-keys/versions.ts';
import { backendRefusals } from './db-backends.ts';
import { canListen, commaList, isPeerHostPort, splitScheme, withoutScheme } from './go-address.ts';
import { cometBFTLogLevel, sdkLogLevel } from './log-levels.ts';
import type { Refusal } from './refusal.ts';
import type { TypedValues } from './typed-values.ts';

/** The fault of a text, if it has one. */
type Check = (value: string) => string | undefined;

export const startRefusals = (values: TypedValues, version: CometBFTVersion, inSDK: boolean): readonly Refusal[] => [
  ...failing(values, [
    ...listenChecks,
    ...nodeChecks,
    ...(usesLibP2P(values) ? [] : peerChecks(values)),
    ['log_level', inSDK ? sdkLogLevel : cometBFTLogLevel],
    ...(inSDK ? [] : applicationChecks(values)),
  ]),
  ...failing(values, [['rpc.pprof_laddr', checkPlainAddress('pprof server')]]).map(pprofAsIn(version)),
  ...(values.flag('instrumentation.prometheus')
    ? failing(values, [['instrumentation.prometheus_listen_addr', checkPlainAddress('metrics')]]).map(asDoubt)
    : []),
  ...indexerRefusals(values),
  ...hashRefusals(values),
  ...backendRefusals('db_backend', values.text('db_backend'), version),
];

const failing = (values: TypedValues, checks: readonly (readonly [key: string, check: Check])[]): readonly Refusal[] =>
  checks.flatMap(([key, check]) => {
    const why = values.has(key) ? check(values.text(key)) : undefined;
    return why === undefined ? [] : [{ key, why }];
  });

const asDoubt = (refusal: Refusal): Refusal => ({ ...refusal, doubt: true });

/** Other versions log that the server cannot listen, and go on. */
const pprofAsIn =
  (version: CometBFTVersion) =>
  ({ key, why }: Refusal): Refusal =>
    version === 'v0.40.0' ? { key, why } : { key, why, doubt: true };

const isPrintable = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

const serverForm = 'must be tcp://host:port or unix:///path, with a port from 0 to 65535';

/** Empty: no server is started. */
const checkServerAddress: Check = (value) => {
  if (value === '') return undefined;
  const parts = splitScheme(value);
  return parts !== undefined && canListen(...parts) ? undefined : serverForm;
};

/** Several, with commas between them. Peers are told the text as it is. */
const checkRPCAddress: Check = (value) => {
  if (value !== '' && (!isPrintable(value) || value.trim() === ''))
    return 'must be printable ASCII, and not only blanks';
  return commaList(value).every((address) => checkServerAddress(address) === undefined) ? undefined : serverForm;
};

/** Of servers that take no scheme. */
const checkPlainAddress =
  (server: string): Check =>
  (value) =>
    value === '' || canListen('tcp', value)
      ? undefined
      : `must be host:port without a scheme: the node would not start, or start without its ${server}`;

/** For the signer of a validator's key, which connects to the node; without a scheme, tcp is meant. */
const checkSignerAddress: Check = (value) => {
  if (value === '') return undefined;
  const [network, address] = splitScheme(value) ?? ['tcp', value];
  return ['tcp', 'unix'].includes(network) && canListen(network, address) ? undefined : serverForm;
};

const listenChecks: readonly (readonly [key: string, check: Check])[] = [
  ['rpc.laddr', checkRPCAddress],
  ['rpc.grpc_laddr', checkServerAddress],
  ['grpc.laddr', checkServerAddress],
  ['grpc.privileged.laddr', checkServerAddress],
  ['priv_validator_laddr', checkSignerAddress],
];

/** Of the address itself the scheme may be missing, and tcp is meant whatever it says. */
const checkOwnAddress: Check = (value) => {
  const address = withoutScheme(value);
  return !address.includes('@') && isPeerHostPort(address)
    ? undefined
    : 'must be tcp://host:port, with a host (0.0.0.0 for all addresses) and a port from 0 to 65535';
};

const nodeChecks: readonly (readonly [key: string, check: Check])[] = [
  ['p2p.laddr', checkOwnAddress],
  [
    'moniker',
    (value) =>
      isPrintable(value) && value.trim() !== '' ? undefined : 'must be printable ASCII without tabs, and not empty',
  ],
  ['consensus.wal_file', (value) => (value === '' ? 'must be the path of a file' : undefined)],
];

const isNodeId = (id: string): boolean => /^[0-9a-fA-F]{40}$/.test(id);

const checkPeers: Check = (value) =>
  commaList(value).every((peer) => {
    const [id = '', address = '', ...rest] = withoutScheme(peer).split('@');
    return rest.length === 0 && isNodeId(id) && isPeerHostPort(address);
  })
    ? undefined
    : 'must be id@host:port with commas between them, where an id has 40 hexadecimal digits';

const checkIds: Check = (value) =>
  commaList(value).every(isNodeId) ? undefined : 'must be node ids of 40 hexadecimal digits with commas between them';

/** Nothing reads seeds where peers do not exchange addresses. */
const peerChecks = (values: TypedValues): readonly (readonly [key: string, check: Check])[] => [
  ['p2p.external_address', (value) => (value === '' ? undefined : checkOwnAddress(value))],
  ['p2p.persistent_peers', checkPeers],
  ['p2p.unconditional_peer_ids', checkIds],
  ...(values.flag('p2p.pex') ? [['p2p.seeds', checkPeers] as const] : []),
];

const usesLibP2P = (values: TypedValues): boolean => values.flag('p2p.libp2p.enabled');

/** Applications in CometBFT's own program. */
const builtIn = /^(?:kvstore|persistent_kvstore|noop|e2e)$/;

/** The node waits for ever for an application at an address that is none. */
const applicationChecks = (values: TypedValues): readonly (readonly [key: string, check: Check])[] =>
  builtIn.test(values.text('proxy_app'))
    ? []
    : [
        ['abci', (value) => (['socket', 'grpc'].includes(value) ? undefined : 'must be socket or grpc')],
        [
          'proxy_app',
          (value) => {
            const [network, address] = splitScheme(value) ?? ['tcp', value];
            return address !== '' && canListen(network, address)
              ? undefined
              : 'must be tcp://host:port or unix:///path of the application, or kvstore, persistent_kvstore or noop';
          },
        ],
      ];

/** A node that has blocks does not look at the hash. */
const hashRefusals = (values: TypedValues): readonly Refusal[] =>
  values.flag('statesync.enable') && !/^[0-9a-fA-F]{64}$/.test(values.text('statesync.trust_hash'))
    ? [
        {
          key: 'statesync.trust_hash',
          why: 'must have 64 hexadecimal digits: a node that has no blocks yet does not start with another one',
          doubt: true,
        },
      ]
    : [];

const indexers: ReadonlySet<string> = new Set(['kv', 'null', 'psql', '']);

const indexerRefusals = (values: TypedValues): readonly Refusal[] => {
  const indexer = values.text('tx_index.indexer');
  if (indexer === 'psql' && values.text('tx_index.psql-conn') === '')
    return [{ key: 'tx_index.psql-conn', why: 'must be set with the indexer psql' }];
  return !values.has('tx_index.indexer') || indexers.has(indexer)
    ? []
    : [
        {
          key: 'tx_index.indexer',
          why: 'is none of kv, null and psql: the node starts, and indexes nothing',
          doubt: true,
        },
      ];
};
