/** Keys of config.toml that CometBFT's nodes read and Sei's do not. */
import { cometBFTKnownKeys } from '../known-keys/known-keys.ts';

/** Keys of versions that the data of known-keys does not hold: 0.34, and pre-releases of 1.0. */
const ofOtherVersions = [
  'consensus.timeout_vote',
  'consensus.timeout_vote_delta',
  'log_colors',
  'mempool.dog_adjust_interval',
  'mempool.dog_protocol_enabled',
  'mempool.dog_target_redundancy',
  'mempool.experimental_publish_event_pending_tx',
  'p2p.bootstrap_peers',
  'statesync.max_discovery_time',
  'tx_index',
];

/** Words without `_` that tell it as well. Most are those that Sei has too, or that say nothing, such as `p2p.seeds`. */
const words = ['mempool.type', 'version'];

let keys: ReadonlySet<string> | undefined;

/** Sei spells its keys with dashes, so `_` in a key, or in the name of its section, tells. */
export const cometBFTKeys = (): ReadonlySet<string> => {
  keys ??= new Set([
    ...ofOtherVersions,
    ...words,
    ...[...cometBFTKnownKeys().keys()].filter((key) => key.includes('_')),
  ]);
  return keys;
};
