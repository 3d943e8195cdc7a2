import type { ConfigValues } from './config-value.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import { quotedSetting } from './quoted-setting.ts';
import { isNodeMode, registry } from './registry.ts';

/** One rule: what it looks at, and what it says when it is broken. Rules are pure and never stop the others. */
export interface Rule {
  /** Stable number, in the order of evaluation. */
  readonly number: number;
  readonly severity: Severity;
  readonly field: string;
  /** The keys that it reads. */
  readonly keys: readonly string[];
  /** The message where the rule is broken, else undefined. */
  readonly broken: (config: ConfigView) => string | undefined;
}

/** What rules see. */
export interface ConfigView {
  readonly values: ConfigValues;
  /** The highest schema version that is allowed. */
  readonly maxVersion: number;
}

/** The diagnostics of every rule, in order. Rules that read none of the `applicable` keys are left out, where that is given. */
export const runRules = (view: ConfigView, applicable?: ReadonlySet<string>): readonly Diagnostic[] =>
  rules
    .filter((rule) => applicable === undefined || rule.keys.every((key) => applicable.has(key)))
    .flatMap((rule) => {
      const message = rule.broken(view);
      return message === undefined ? [] : [{ severity: rule.severity, field: rule.field, message }];
    });

/** What is unset or missing counts as Go's zero value. */
const integer = ({ values }: ConfigView, key: string): bigint => {
  const value = values.get(key);
  return typeof value === 'bigint' ? value : 0n;
};

const text = ({ values }: ConfigView, key: string): string => {
  const value = values.get(key);
  return typeof value === 'string' ? value : '';
};

const flag = ({ values }: ConfigView, key: string): boolean => values.get(key) === true;

type RuleBody = Omit<Rule, 'number' | 'severity'>;

const atLeast =
  (least: bigint) =>
  (field: string): RuleBody => ({
    field,
    keys: [field],
    broken: (config) => {
      const value = integer(config, field);
      return value < least
        ? `is ${quotedSetting(field, value)}, and must be ${least === 0n ? '0 or more' : `${least} or more`}`
        : undefined;
    },
  });

const notNegative = atLeast(0n);

/** A rule that holds only while a switch is on. */
const whileOn = (switchKey: string, rule: RuleBody): RuleBody => ({
  ...rule,
  keys: [...rule.keys, switchKey],
  broken: (config) => {
    const message = flag(config, switchKey) ? rule.broken(config) : undefined;
    return message === undefined ? undefined : `${message} while ${switchKey} is true`;
  },
});

const positive = (field: string): RuleBody => ({
  field,
  keys: [field],
  broken: (config) => {
    const value = integer(config, field);
    return value <= 0n ? `is ${quotedSetting(field, value)}, and must be more than 0` : undefined;
  },
});

/** The value is one of those that the registry lists. Empty text: refused, allowed, or left to another rule. */
const known = (field: string, empty: 'refused' | 'allowed' | 'elsewhere'): RuleBody => ({
  field,
  keys: [field],
  broken: (config) => {
    const value = text(config, field);
    const allowed = registry().get(field)?.enum ?? [];
    if (allowed.includes(value) || (value === '' && empty !== 'refused')) return undefined;
    return `is ${quotedSetting(field, value)}, and must be ${allowed.join(', ')}${empty === 'allowed' ? ' or empty' : ''}`;
  },
});

const notEmpty = (field: string, example: string): RuleBody => ({
  field,
  keys: [field],
  broken: (config) => (text(config, field) === '' ? `is empty: set it, for instance to ${example}` : undefined),
});

const error = (rule: RuleBody): Omit<Rule, 'number'> => ({ severity: 'ERROR', ...rule });
const warning = (rule: RuleBody): Omit<Rule, 'number'> => ({ severity: 'WARNING', ...rule });

const modeRules: readonly Omit<Rule, 'number'>[] = [
  error(notEmpty('mode', 'full')),
  error({
    field: 'mode',
    keys: ['mode'],
    broken: (config) => {
      const mode = text(config, 'mode');
      return mode === '' || isNodeMode(mode)
        ? undefined
        : `is ${quotedSetting('mode', mode)}, and must be validator, full, seed or archive`;
    },
  }),
  error(atLeast(1n)('version')),
  error({
    field: 'version',
    keys: ['version'],
    broken: (config) => {
      const version = integer(config, 'version');
      return version > BigInt(config.maxVersion)
        ? `is ${version}, and this check goes up to ${config.maxVersion}: use an agent that knows the version, or a higher targetVersion`
        : undefined;
    },
  }),
];

const numberRules: readonly Omit<Rule, 'number'>[] = [
  error(notEmpty('chain.min_gas_prices', '0.01usei')),
  error(atLeast(-1n)('chain.concurrency_workers')),
  ...[
    'network.rpc.max_open_connections',
    'network.rpc.max_subscription_clients',
    'network.rpc.max_subscriptions_per_client',
    'network.rpc.timeout_broadcast_tx_commit',
    'network.rpc.max_body_bytes',
    'network.rpc.max_header_bytes',
    'network.p2p.flush_throttle_timeout',
    'network.p2p.max_packet_msg_payload_size',
    'network.p2p.send_rate',
    'network.p2p.recv_rate',
    'consensus.unsafe_propose_timeout_override',
    'consensus.unsafe_commit_timeout_override',
    'consensus.create_empty_blocks_interval',
    'consensus.peer_gossip_sleep_duration',
    'consensus.double_sign_check_height',
    'mempool.size',
    'mempool.max_txs_bytes',
    'mempool.cache_size',
    'mempool.max_tx_bytes',
    'mempool.ttl_duration',
    'mempool.ttl_num_blocks',
  ].map((key) => error(notNegative(key))),
  error({
    field: 'mempool.drop_utilisation_threshold',
    keys: ['mempool.drop_utilisation_threshold'],
    broken: ({ values }) => {
      const value = Number(values.get('mempool.drop_utilisation_threshold') ?? 0);
      // NaN is neither below nor above, and no threshold.
      return value >= 0 && value <= 1 ? undefined : `is ${value}, and must be from 0 to 1`;
    },
  }),
];

const stateSync = (rule: RuleBody): Omit<Rule, 'number'> => error(whileOn('state_sync.enable', rule));

const stateSyncRules: readonly Omit<Rule, 'number'>[] = [
  stateSync({
    field: 'state_sync.rpc_servers',
    keys: ['state_sync.rpc_servers', 'state_sync.use_p2p'],
    broken: (config) => {
      const servers = config.values.get('state_sync.rpc_servers');
      const count = Array.isArray(servers) ? servers.length : 0;
      return !flag(config, 'state_sync.use_p2p') && count < 2 ? `has ${count} entries, and needs 2 or more` : undefined;
    },
  }),
  stateSync(positive('state_sync.trust_period')),
  stateSync(positive('state_sync.trust_height')),
  stateSync(notEmpty('state_sync.trust_hash', 'the hash of the block at trust_height')),
  stateSync({
    field: 'state_sync.trust_hash',
    keys: ['state_sync.trust_hash'],
    broken: (config) => {
      const hash = text(config, 'state_sync.trust_hash');
      return /^(?:[0-9a-fA-F]{2})*$/.test(hash)
        ? undefined
        : `is ${quotedSetting('state_sync.trust_hash', hash)}, and must be an even number of hexadecimal digits`;
    },
  }),
  stateSync(positive('state_sync.fetchers')),
  stateSync(notNegative('state_sync.backfill_blocks')),
];

const storageRules: readonly Omit<Rule, 'number'>[] = [
  error(known('storage.pruning', 'refused')),
  error(known('storage.state_commit.write_mode', 'allowed')),
  warning({
    field: 'storage.state_commit.write_mode',
    keys: ['storage.state_commit.write_mode'],
    broken: (config) =>
      text(config, 'storage.state_commit.write_mode') === 'test_only_dual_write'
        ? 'is test_only_dual_write, which is for tests only'
        : undefined,
  }),
  error(known('storage.state_commit.read_mode', 'allowed')),
  error(known('storage.state_store.write_mode', 'allowed')),
  error(known('storage.state_store.read_mode', 'allowed')),
  warning(known('storage.state_store.backend', 'allowed')),
];

const serviceRules: readonly Omit<Rule, 'number'>[] = [
  error(whileOn('evm.http_enabled', positive('evm.http_port'))),
  error(whileOn('evm.ws_enabled', positive('evm.ws_port'))),
  warning({
    field: 'evm',
    keys: ['mode', 'evm.http_enabled', 'evm.ws_enabled'],
    broken: (config) =>
      text(config, 'mode') === 'validator' && (flag(config, 'evm.http_enabled') || flag(config, 'evm.ws_enabled'))
        ? 'is served by a validator: turn evm.http_enabled and evm.ws_enabled off'
        : undefined,
  }),
  error(notNegative('metrics.max_open_connections')),
  error(notEmpty('logging.format', 'plain')),
  error(known('logging.format', 'elsewhere')),
  error({
    field: 'storage',
    keys: ['storage.pruning', 'storage.snapshot_interval'],
    broken: (config) => {
      const interval = integer(config, 'storage.snapshot_interval');
      return text(config, 'storage.pruning') === 'everything' && interval > 0n
        ? `storage.pruning is everything, which leaves nothing for the snapshots of storage.snapshot_interval ${interval}: set it to 0, or prune less`
        : undefined;
    },
  }),
];

const frozen = (field: string, keys: readonly string[], why: (config: ConfigView) => string | undefined): RuleBody => ({
  field,
  keys: [field, ...keys],
  broken: (config) => {
    const height = integer(config, field);
    const reason = height > 0n ? why(config) : undefined;
    return reason === undefined ? undefined : `is ${height}, ${reason}`;
  },
});

const freezeRules: readonly Omit<Rule, 'number'>[] = [
  error(
    frozen('chain.freeze_height', ['chain.halt_height', 'chain.halt_time'], (config) => {
      const key = ['chain.halt_height', 'chain.halt_time'].find((halt) => integer(config, halt) > 0n);
      return key === undefined ? undefined : `and ${key} is ${integer(config, key)}: set one of them to 0`;
    }),
  ),
  error(
    frozen('chain.freeze_height', ['mode'], (config) =>
      text(config, 'mode') === 'seed' ? 'and a seed executes no blocks: set it to 0' : undefined,
    ),
  ),
  error(
    frozen('chain.freeze_height', ['state_sync.enable'], (config) =>
      flag(config, 'state_sync.enable')
        ? 'with which seid drops state sync and syncs from genesis: set it to 0, or turn state_sync.enable off'
        : undefined,
    ),
  ),
];

const peerRules: readonly Omit<Rule, 'number'>[] = [
  error({
    field: 'network.p2p.pex',
    keys: ['mode', 'network.p2p.pex'],
    // A key that is missing is on for seid.
    broken: (config) =>
      text(config, 'mode') === 'seed' && config.values.get('network.p2p.pex') === false
        ? 'is false, and a seed does not start without it: set it to true'
        : undefined,
  }),
  error(notNegative('network.p2p.accept_interval')),
];

/** All rules of sei-config v0.0.27, and what seid refuses at its start whatever its version. */
export const rules: readonly Rule[] = [
  ...modeRules,
  ...numberRules,
  ...stateSyncRules,
  ...storageRules,
  ...serviceRules,
  ...peerRules,
  ...freezeRules,
].map((rule, index) => ({ number: index + 1, ...rule }));
