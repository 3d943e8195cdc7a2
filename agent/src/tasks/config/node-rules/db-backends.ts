/** Databases that the nodes open: those of every build, and those that only a build with a tag of that name has. */
import type { CometBFTVersion, SdkVersion } from '../known-keys/versions.ts';
import type { Refusal } from './refusal.ts';

interface Backends {
  readonly always: readonly string[];
  readonly withTag: readonly string[];
}

const tagged = ['badgerdb', 'boltdb', 'cleveldb', 'rocksdb'];

/** By the modules cometbft-db 0.9.5, 0.14.1 and 1.0.1. */
const ofCometBFT: Readonly<Record<CometBFTVersion, Backends>> = {
  'v0.37.18': { always: ['goleveldb', 'memdb'], withTag: tagged },
  'v0.38.26': { always: ['goleveldb', 'memdb'], withTag: [...tagged, 'pebbledb'] },
  'v0.40.0': { always: ['goleveldb', 'memdb'], withTag: [...tagged, 'pebbledb'] },
  'v1.0.1': { always: ['goleveldb', 'memdb', 'pebbledb'], withTag: tagged },
};

const ofCosmosDB: Backends = { always: ['goleveldb', 'memdb', 'pebbledb'], withTag: ['rocksdb'] };

/** By the modules cometbft-db 0.7.0, cosmos-db 1.1.1 and 1.1.3. */
const ofSDK: Readonly<Record<SdkVersion, Backends>> = {
  'v0.47.17': { always: ['goleveldb', 'memdb'], withTag: tagged },
  'v0.50.15': ofCosmosDB,
  'v0.53.8': ofCosmosDB,
  'v0.55.0': ofCosmosDB,
};

/** What one version says of the name of a database. */
export const backendRefusals = (
  key: string,
  name: string,
  version: CometBFTVersion | SdkVersion,
): readonly Refusal[] => {
  const { always, withTag } = { ...ofCometBFT, ...ofSDK }[version];
  if (name === 'memdb') return [{ key, why: 'keeps nothing over a restart of the node', doubt: true }];
  if (always.includes(name)) return [];
  return withTag.includes(name)
    ? [{ key, why: `needs a node that was built with the tag ${name}, and others do not start`, doubt: true }]
    : [{ key, why: `must be one of ${[...always, ...withTag].join(', ')}` }];
};
