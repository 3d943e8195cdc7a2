import { type Dialect, TaskError } from '@nodetask/shared';
import { formatPath, type KeyPath } from '../../../node/document-value.ts';
import { spellingsOf } from './known-spellings.ts';

/**
 * The last key of a path that config.toml does not have as it is asked for, as the node spells it; undefined for a key that no node is known to
 * have. Throws TaskError `dialect-unknown` if Sei and CometBFT spell it differently and the dialect is not given.
 */
export const spellForNode = (path: KeyPath, dialect: Dialect | undefined): string | undefined => {
  const { sei, cometbft } = spellingsOf(path);
  if (sei === undefined || cometbft === undefined || sei === cometbft) return sei ?? cometbft;
  if (dialect !== undefined) return dialect === 'sei' ? sei : cometbft;
  throw new TaskError(
    'dialect-unknown',
    `config.toml does not have ${formatPath(path)}, which is ${sei} for a Sei node and ${cometbft} for a CometBFT node; nothing was changed: set dialect to sei or cometbft`,
  );
};
