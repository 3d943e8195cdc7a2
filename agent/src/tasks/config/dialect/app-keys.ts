/** Keys and sections of app.toml that tell whose node reads it. Keys that both have, or that some other chain has too, tell nothing. */
import { placesIn } from '../registry.ts';

/** Sections that chains beside Sei's have, in part with the same keys: Ethermint's [evm], CosmWasm's [wasm]. */
const foreignToo = /^(?:evm|wasm)$/;

/** Keys that Sei's fork of the Cosmos SDK has added beside the SDK's own. */
const seiOwn = ['concurrency-workers', 'freeze-height', 'occ-enabled', 'state-sync.snapshot-directory'];

/** What plain Cosmos SDK chains have beside CometBFT, and Sei's fork has not. */
export const sdkAppKeys: ReadonlySet<string> = new Set([
  'app-db-backend',
  'block-executor',
  'block-stm-pre-estimate',
  'block-stm-workers',
  'grpc.historical-grpc-address-block-range',
  'grpc.max-send-msg-size',
  'iavl-lazy-loading',
  'json-rpc',
  'mempool.max-txs',
  'query-gas-limit',
  'streaming',
]);

let keys: ReadonlySet<string> | undefined;

export const seiAppKeys = (): ReadonlySet<string> => {
  keys ??= new Set([
    ...seiOwn,
    ...placesIn('app.toml').flatMap((place) => {
      const [section = '', key = ''] = place.split('.');
      return seiOnly(section, key);
    }),
  ]);
  return keys;
};

/** Sections that the plain SDK has as well. */
const plainSections = new Set(['api', 'grpc', 'grpc-web', 'state-sync', 'telemetry']);

const seiOnly = (section: string, key: string): readonly string[] => {
  if (key === '' || plainSections.has(section)) return [];
  if (!foreignToo.test(section)) return [section];
  // Ethermint spells its keys with dashes; a single word may be anybody's.
  return section === 'evm' && key.includes('_') ? [`${section}.${key}`] : [];
};
