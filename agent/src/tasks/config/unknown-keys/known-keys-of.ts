import type { Dialect, PatchableFile } from '@nodetask/shared';
import { formatPath, type KeyPath } from '../../../node/document-value.ts';
import { sdkAppKeys, seiAppKeys } from '../dialect/app-keys.ts';
import { cometBFTKeys } from '../dialect/cometbft-keys.ts';
import { seiConfigKeys, sharedKeys } from '../dialect/sei-keys.ts';
import { appKnownKeys, cometBFTKnownKeys } from '../known-keys/known-keys.ts';
import { placesIn } from '../registry.ts';
import { indexOf, type KeyIndex } from './key-index.ts';
import { clientKeys, genesisKeys, sdkKeysBeyondData, seiAppKeysBeyondRegistry } from './other-keys.ts';

/**
 * True if somebody may have a reason to read a key that is not known. In an open place (app.toml and client.toml, where chains add sections of
 * their own, and the state of a genesis) it is one that nobody knows; in a closed one the node ignores it.
 */
export const isOpenPlace = (file: PatchableFile, path: KeyPath): boolean =>
  file === 'genesis.json' ? path[0] === 'app_state' && path.length > 1 : file !== 'config.toml';

/** True if a node of the dialect is known to read the key or section in the file in this spelling; of either dialect if it is not given. */
export const isKnownKey = (file: PatchableFile, path: KeyPath, dialect: Dialect | undefined): boolean =>
  knownKeysOf(file, dialect).names.has(formatPath(path));

const made = new Map<string, KeyIndex>();

/** Everything that is known of the keys of a file: the one place to which data about keys is added. */
export const knownKeysOf = (file: PatchableFile, dialect: Dialect | undefined): KeyIndex => {
  const id = `${file} ${dialect ?? ''}`;
  const index = made.get(id) ?? indexOf([...keysOf(file, dialect)].map((key) => key.split('.')));
  made.set(id, index);
  return index;
};

const keysOf = (file: PatchableFile, dialect: Dialect | undefined): Iterable<string> => {
  switch (file) {
    case 'config.toml':
      if (dialect === undefined) return [...keysOf(file, 'sei'), ...keysOf(file, 'cometbft')];
      return dialect === 'sei'
        ? [...seiConfigKeys(), ...sharedKeys]
        : [...cometBFTKnownKeys().keys(), ...cometBFTKeys(), ...sharedKeys];
    case 'app.toml':
      return dialect === 'cometbft'
        ? [...appKnownKeys().keys(), ...sdkKeysBeyondData, ...sdkAppKeys]
        : [
            ...seiAppKeys(),
            ...placesIn('app.toml'),
            ...seiAppKeysBeyondRegistry,
            ...appKnownKeys().keys(),
            ...sdkKeysBeyondData,
            ...(dialect === undefined ? sdkAppKeys : []),
          ];
    case 'client.toml':
      return clientKeys;
    case 'genesis.json':
      return genesisKeys;
    default:
      return file satisfies never;
  }
};
