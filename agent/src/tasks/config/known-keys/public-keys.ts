import { formatPath, type KeyPath } from '../../../node/document-value.ts';
import { withoutDashes } from '../without-dashes.ts';
import publicData from './public-keys.json' with { type: 'json' };

type PublicFile = keyof typeof publicData;

/** A key in one form, whichever node spells it, and as viper reads it: without regard to case. */
const inOneForm = (key: string): string => withoutDashes(key).toLowerCase();

const isListed = (file: string): file is PublicFile => Object.hasOwn(publicData, file);

const made = new Map<PublicFile, ReadonlySet<string>>();

const publicKeysOf = (file: PublicFile): ReadonlySet<string> => {
  const keys = made.get(file) ?? new Set(publicData[file].map(inOneForm));
  made.set(file, keys);
  return keys;
};

/**
 * True for a key whose value anybody may see who may see the result of a task. Only keys that the data lists are public: numbers, switches, durations
 * and words of a known set. Addresses, peers, names, paths and every key that nobody knows are not.
 */
export const isPublic = (file: string, path: KeyPath): boolean =>
  isListed(file) && publicKeysOf(file).has(inOneForm(formatPath(path)));
