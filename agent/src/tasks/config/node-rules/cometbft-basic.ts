/** Values that CometBFT's `ValidateBasic` refuses in a config.toml whose values have the right types, version by version. */
import { formatGoDuration } from '../go-duration.ts';
import type { CometBFTVersion } from '../known-keys/versions.ts';
import type { Refusal } from './refusal.ts';
import type { TypedValues } from './typed-values.ts';

export interface BasicRule {
  readonly key: string;
  /** The versions that have the rule; absent if all have. */
  readonly versions?: readonly CometBFTVersion[];
  /** The fault of the value, if it has one. */
  readonly broken: (values: TypedValues) => string | undefined;
}

export const basicRefusals = (values: TypedValues, version: CometBFTVersion): readonly Refusal[] =>
  rules
    .filter(({ key, versions }) => (versions?.includes(version) ?? true) && values.has(key))
    .flatMap(({ key, broken }) => {
      const why = broken(values);
      return why === undefined ? [] : [{ key, why }];
    });

const second = 1_000_000_000n;

const atLeast =
  (least: bigint, shown = String(least)) =>
  (key: string, versions?: readonly CometBFTVersion[]): BasicRule => ({
    key,
    ...(versions === undefined ? {} : { versions }),
    broken: (values) => (values.number(key) < least ? `must be ${shown} or more` : undefined),
  });

const notNegative = atLeast(0n);
const positive = atLeast(1n, 'more than 0, and thus 1');

const oneOf = (key: string, allowed: readonly string[], versions?: readonly CometBFTVersion[]): BasicRule => ({
  key,
  ...(versions === undefined ? {} : { versions }),
  broken: (values) =>
    allowed.includes(values.text(key))
      ? undefined
      : `must be ${allowed.map((word) => (word === '' ? 'empty' : word)).join(' or ')}`,
});

/** A rule that holds only if `enabled` says so. */
const onlyIf = (enabled: (values: TypedValues) => boolean, rule: BasicRule): BasicRule => ({
  ...rule,
  broken: (values) => (enabled(values) ? rule.broken(values) : undefined),
});

const semver =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

const baseRules: readonly BasicRule[] = [
  {
    key: 'version',
    versions: ['v0.38.26', 'v0.40.0', 'v1.0.1'],
    broken: (values) => {
      const version = values.text('version');
      return version === '' || (version.length <= 256 && semver.test(version))
        ? undefined
        : 'must be empty, or a version such as 0.38.26';
    },
  },
  oneOf('log_format', ['plain', 'json']),
  notNegative('event_bus_buffer_capacity', ['v0.38.26', 'v0.40.0']),
  oneOf('blocksync.version', ['v0']),
];

const rpcRules: readonly BasicRule[] = [
  notNegative('rpc.grpc_max_open_connections', ['v0.37.18', 'v0.38.26', 'v0.40.0']),
  ...[
    'rpc.max_open_connections',
    'rpc.max_subscription_clients',
    'rpc.max_subscriptions_per_client',
    'rpc.timeout_broadcast_tx_commit',
    'rpc.max_body_bytes',
    'rpc.max_header_bytes',
  ].map((key) => notNegative(key)),
  notNegative('rpc.max_request_batch_size', ['v0.38.26', 'v0.40.0', 'v1.0.1']),
  atLeast(100n)('rpc.experimental_subscription_buffer_size'),
  {
    key: 'rpc.experimental_websocket_write_buffer_size',
    broken: (values) =>
      values.number('rpc.experimental_websocket_write_buffer_size') <
      values.number('rpc.experimental_subscription_buffer_size')
        ? 'must be at least rpc.experimental_subscription_buffer_size'
        : undefined,
  },
  {
    key: 'grpc.laddr',
    versions: ['v1.0.1'],
    broken: (values) =>
      values.text('grpc.laddr') === '' || values.text('grpc.laddr').includes('://')
        ? undefined
        : 'must begin with tcp:// or unix://',
  },
];

const p2pRules: readonly BasicRule[] = [
  'p2p.max_num_inbound_peers',
  'p2p.max_num_outbound_peers',
  'p2p.flush_throttle_timeout',
  'p2p.persistent_peers_max_dial_period',
  'p2p.max_packet_msg_payload_size',
  'p2p.send_rate',
  'p2p.recv_rate',
].map((key) => notNegative(key));

const typeIs =
  (...types: readonly string[]) =>
  (values: TypedValues): boolean =>
    types.includes(values.text('mempool.type'));

const mempoolRules: readonly BasicRule[] = [
  oneOf('mempool.type', ['flood', 'nop', ''], ['v0.37.18', 'v0.38.26', 'v1.0.1']),
  oneOf('mempool.type', ['flood', 'nop', 'app', ''], ['v0.40.0']),
  ...['mempool.size', 'mempool.max_txs_bytes', 'mempool.cache_size', 'mempool.max_tx_bytes'].map((key) =>
    notNegative(key),
  ),
  notNegative('mempool.experimental_max_gossip_connections_to_persistent_peers'),
  notNegative('mempool.experimental_max_gossip_connections_to_non_persistent_peers'),
  ...['mempool.size', 'mempool.max_txs_bytes', 'mempool.max_tx_bytes'].map((key) =>
    onlyIf((values) => !typeIs('nop')(values) && values.number(key) === 0n, positive(key, ['v1.0.1'])),
  ),
  onlyIf(typeIs('app'), notNegative('mempool.seen_cache_size', ['v0.40.0'])),
  onlyIf(typeIs('app'), positive('mempool.reap_interval', ['v0.40.0'])),
  {
    key: 'consensus.create_empty_blocks',
    broken: (values) =>
      typeIs('nop')(values) && !values.flag('consensus.create_empty_blocks')
        ? 'must be true with the mempool of type nop'
        : undefined,
  },
];

const stateSync = (rule: BasicRule): BasicRule => onlyIf((values) => values.flag('statesync.enable'), rule);

const whileSyncing: readonly BasicRule[] = [
  {
    key: 'statesync.rpc_servers',
    broken: (values) => {
      const servers = values.list('statesync.rpc_servers');
      return servers.length < 2 || servers.includes('')
        ? 'must have two servers or more, and none that is empty'
        : undefined;
    },
  },
  {
    key: 'statesync.discovery_time',
    broken: (values) => {
      const time = values.number('statesync.discovery_time');
      return time !== 0n && time < 5n * second ? 'must be 0s, or 5s or more' : undefined;
    },
  },
  positive('statesync.trust_period'),
  positive('statesync.trust_height'),
  {
    key: 'statesync.trust_hash',
    broken: (values) => {
      const hash = values.text('statesync.trust_hash');
      return hash !== '' && /^(?:[0-9a-fA-F]{2})*$/.test(hash)
        ? undefined
        : 'must be the hash of the block at statesync.trust_height: an even number of hexadecimal digits';
    },
  },
  atLeast(5n * second, formatGoDuration(5n * second))('statesync.chunk_request_timeout'),
  positive('statesync.chunk_fetchers'),
  positive('statesync.max_snapshot_chunks', ['v0.37.18', 'v0.38.26', 'v0.40.0']),
];

const stateSyncRules = whileSyncing.map(stateSync);

const consensusRules: readonly BasicRule[] = [
  ...[
    'timeout_propose',
    'timeout_propose_delta',
    'timeout_prevote',
    'timeout_prevote_delta',
    'timeout_precommit',
    'timeout_precommit_delta',
    'timeout_commit',
    'create_empty_blocks_interval',
    'peer_gossip_sleep_duration',
    'peer_query_maj23_sleep_duration',
    'double_sign_check_height',
  ].map((name) => notNegative(`consensus.${name}`)),
  positive('consensus.block_time_tolerance', ['v0.38.26', 'v0.40.0']),
];

const companion = (rule: BasicRule): BasicRule =>
  onlyIf((values) => values.flag('storage.pruning.data_companion.enabled'), rule);

const storageRules: readonly BasicRule[] = [
  positive('storage.pruning.interval', ['v1.0.1']),
  oneOf('storage.experimental_db_key_layout', ['v1', 'v2'], ['v1.0.1']),
  companion(notNegative('storage.pruning.data_companion.initial_block_retain_height')),
  companion(notNegative('storage.pruning.data_companion.initial_block_results_retain_height')),
  notNegative('instrumentation.max_open_connections'),
];

const rules: readonly BasicRule[] = [
  ...baseRules,
  ...rpcRules,
  ...p2pRules,
  ...mempoolRules,
  ...stateSyncRules,
  ...consensusRules,
  ...storageRules,
];
