import { placesIn } from '../registry.ts';

/** Keys of config.toml in the template of Sei's node that the registry does not have. */
const beyondRegistry = [
  'db-sync.blacklist-ttl',
  'db-sync.db-sync-enable',
  'db-sync.file-worker-count',
  'db-sync.file-worker-timeout',
  'db-sync.no-file-sleep-in-seconds',
  'db-sync.snapshot-directory',
  'db-sync.snapshot-interval',
  'db-sync.snapshot-worker-count',
  'db-sync.timeout-in-seconds',
  'db-sync.trust-hash',
  'db-sync.trust-height',
  'db-sync.trust-period',
  'db-sync.verify-light-block-timeout',
  'genesis-file',
  'node-key-file',
];

/** Keys with dashes that CometBFT has as well. */
export const sharedKeys: ReadonlySet<string> = new Set([
  'mempool.keep-invalid-txs-in-cache',
  'mempool.ttl-duration',
  'mempool.ttl-num-blocks',
]);

/** Single words that only Sei has. */
const words = ['mode', 'statesync.fetchers'];

let keys: ReadonlySet<string> | undefined;

/** Keys and sections of config.toml that Sei's nodes read and CometBFT's do not. */
export const seiKeys = (): ReadonlySet<string> => {
  keys ??= new Set([
    ...words,
    ...withSections([...placesIn('config.toml'), ...beyondRegistry].filter((key) => key.includes('-'))),
  ]);
  return keys;
};

/** Every key of config.toml that Sei's nodes are known to read, dotted. */
export const seiConfigKeys = (): readonly string[] => [...placesIn('config.toml'), ...beyondRegistry, ...words];

const withSections = (paths: readonly string[]): readonly string[] => [
  ...paths.filter((path) => !sharedKeys.has(path)),
  ...paths.flatMap((path) => {
    const [section = ''] = path.split('.');
    return path !== section && section.includes('-') ? [section] : [];
  }),
];
