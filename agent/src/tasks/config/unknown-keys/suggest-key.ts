import { type Dialect, maxWordCharacters, nearestWord, type PatchableFile, patchableFiles } from '@nodetask/shared';
import { formatPath, type KeyPath } from '../../../node/document-value.ts';
import { placesOf, registry } from '../registry.ts';
import { plainKey } from './key-index.ts';
import { knownKeysOf } from './known-keys-of.ts';

/** More keys of a section than any node has are not compared. */
const maxSiblings = 1000;

/**
 * The key that was meant by one that is not known: in the same section by its spelling or by a slip, then the same key in another section, in
 * another file, or by its name in the registry. A key of another file is given as `key in file`.
 * @param siblings The keys that the file has in the section.
 */
export const suggestKey = (
  file: PatchableFile,
  path: KeyPath,
  dialect: Dialect | undefined,
  siblings: readonly string[] = [],
): string | undefined => nearKey(file, path, dialect, siblings) ?? sameKeyElsewhere(file, path, dialect);

/** A key of the same section. */
export const nearKey = (
  file: PatchableFile,
  path: KeyPath,
  dialect: Dialect | undefined,
  siblings: readonly string[],
): string | undefined => {
  const last = path.at(-1) ?? '';
  if (last.length > maxWordCharacters) return undefined;
  const section = path.slice(0, -1);
  const others = siblings.length > maxSiblings ? [] : siblings.filter((key) => key !== last);
  const words = new Map([
    ...others.map((key) => [plainKey(key), key] as const),
    ...(knownKeysOf(file, dialect).bySection.get(formatPath(section)) ?? []),
  ]);
  const found = words.get(plainKey(last)) ?? words.get(nearestWord(plainKey(last), words.keys()) ?? '');
  return found === undefined ? undefined : formatPath([...section, found]);
};

const sameKeyElsewhere = (file: PatchableFile, path: KeyPath, dialect: Dialect | undefined): string | undefined => {
  const last = plainKey(path.at(-1) ?? '');
  const inFile = only(knownKeysOf(file, dialect).byLastPart.get(last));
  if (inFile !== undefined) return inFile;
  const name = formatPath(path);
  const entry = registry().get(name);
  const [place] = entry === undefined ? [] : placesOf(entry);
  if (place !== undefined) return inOther(file, place.file, place.path.join('.'));
  // A single word, such as enabled, is too common to be that of another file.
  if (!last.includes('_')) return undefined;
  for (const other of patchableFiles) {
    const found = other === file ? undefined : only(knownKeysOf(other, dialect).byLastPart.get(last));
    if (found !== undefined) return inOther(file, other, found);
  }
  return undefined;
};

/** A word that several sections have tells nothing. */
const only = (keys: readonly string[] = []): string | undefined => (keys.length === 1 ? keys[0] : undefined);

const inOther = (file: PatchableFile, other: PatchableFile, key: string): string =>
  file === other ? key : `${key} in ${other}`;
