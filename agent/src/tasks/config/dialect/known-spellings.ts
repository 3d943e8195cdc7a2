import type { Dialect } from '@nodetask/shared';
import type { KeyPath } from '../../../node/document-value.ts';
import { withoutDashes } from '../without-dashes.ts';
import { cometBFTKeys } from './cometbft-keys.ts';
import { seiKeys, sharedKeys } from './sei-keys.ts';

/** The last key of a path, as each kind of node reads it; absent for one that has no such key, or for keys that are not known. */
export type Spellings = Readonly<Partial<Record<Dialect, string>>>;

/** How a key of config.toml is spelled, given in any spelling. */
export const spellingsOf = (path: KeyPath): Spellings => known().get(plain(path.join('.'))) ?? {};

const plain = (dotted: string): string => withoutDashes(dotted).toLowerCase();

let made: ReadonlyMap<string, Spellings> | undefined;

const known = (): ReadonlyMap<string, Spellings> => {
  if (made !== undefined) return made;
  const spellings = new Map<string, Spellings>();
  const add = (dialect: Dialect, keys: Iterable<string>): void => {
    for (const key of keys)
      spellings.set(plain(key), { ...spellings.get(plain(key)), [dialect]: key.split('.').at(-1) ?? key });
  };
  add('sei', [...seiKeys(), ...sharedKeys]);
  add('cometbft', [...cometBFTKeys(), ...sharedKeys]);
  made = spellings;
  return made;
};
