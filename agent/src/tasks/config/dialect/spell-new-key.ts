import { type Dialect, TaskError } from '@nodetask/shared';
import { formatPath, type KeyPath } from '../../../node/document-value.ts';
import { withoutDashes } from '../../config-patch/spelling.ts';
import { cometBFTKeys } from './cometbft-keys.ts';
import { seiKeys, sharedKeys } from './sei-keys.ts';

/**
 * The last key of a path that config.toml does not have yet, as the node spells it. A key that no node is known to have stays as it is asked
 * for. Throws TaskError `dialect-unknown` if Sei and CometBFT spell it differently and the dialect is not given.
 */
export const spellNewKey = (path: KeyPath, dialect: Dialect | undefined): string => {
  const asked = path.at(-1) ?? '';
  const { sei, cometbft } = spellings().get(plain(path.join('.'))) ?? {};
  const only = sei === undefined || sei === cometbft ? cometbft : cometbft === undefined ? sei : undefined;
  if (only !== undefined) return only;
  if (sei === undefined || cometbft === undefined) return asked;
  if (dialect !== undefined) return dialect === 'sei' ? sei : cometbft;
  throw new TaskError(
    'dialect-unknown',
    `config.toml does not have ${formatPath(path)}, which is ${sei} for a Sei node and ${cometbft} for a CometBFT node; nothing was changed: set dialect to sei or cometbft`,
  );
};

const plain = (dotted: string): string => withoutDashes(dotted).toLowerCase();

let known: ReadonlyMap<string, Partial<Record<Dialect, string>>> | undefined;

const spellings = (): ReadonlyMap<string, Partial<Record<Dialect, string>>> => {
  if (known !== undefined) return known;
  const made = new Map<string, Partial<Record<Dialect, string>>>();
  const add = (dialect: Dialect, keys: Iterable<string>): void => {
    for (const key of keys) made.set(plain(key), { ...made.get(plain(key)), [dialect]: key.split('.').at(-1) ?? key });
  };
  add('sei', [...seiKeys(), ...sharedKeys]);
  add('cometbft', [...cometBFTKeys, ...sharedKeys]);
  known = made;
  return made;
};
