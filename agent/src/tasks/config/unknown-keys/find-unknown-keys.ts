import type { Dialect, PatchableFile } from '@nodetask/shared';
import { type DocumentTable, formatPath, isTable, type KeyPath, valueAt } from '../../../node/document-value.ts';
import type { Counted } from '../../bounded-list.ts';
import { isKnownKey, isOpenPlace } from './known-keys-of.ts';
import { nearKey, suggestKey } from './suggest-key.ts';

/** A key that neither the file, nor the registry, nor what is known of the dialect has. */
export interface UnknownKey {
  readonly file: PatchableFile;
  /** As messages write it. */
  readonly key: string;
  /** The key that may have been meant, as messages write it. */
  readonly suggestion?: string;
}

/** The unknown keys of a document or a patch, in order; of each file at most `maxListed` are listed. */
export type UnknownKeys = Counted<UnknownKey>;

/** More are counted and not listed, nor is a suggestion looked for. */
export const maxListed = 20;

/** In an open place each key has to be compared to be judged; more than any node has are not. */
const maxCompared = 500;

/** A key, or a section with all that is in it, that has to be known. */
interface Asked {
  readonly path: KeyPath;
  /** The keys that the file has beside it. */
  readonly siblings: readonly string[];
}

/** Keys that an edit adds and that are not known. A key that the file has is known to somebody, and is left alone. */
export const findAddedUnknown = (
  file: PatchableFile,
  before: DocumentTable,
  after: DocumentTable,
  dialect: Dialect | undefined,
): UnknownKeys => {
  const isGuess = (path: KeyPath): boolean => file === 'genesis.json' && isOpenPlace(file, path);
  return collect(added(file, before, after, dialect, []), isGuess, ({ path, siblings }) => {
    const suggestion = isGuess(path)
      ? nearKey(file, path, dialect, siblings)
      : suggestKey(file, path, dialect, siblings);
    return isGuess(path) && suggestion === undefined ? undefined : unknownKey(file, path, suggestion);
  });
};

/** Keys to remove that the file does not have and that are near to one that it has. A removal of what is gone already is no mistake. */
export const findMissingRemovals = (
  file: PatchableFile,
  before: DocumentTable,
  removed: readonly KeyPath[],
  dialect: Dialect | undefined,
): UnknownKeys => {
  const missing = removed.slice(0, maxCompared).flatMap((path) => {
    const table = valueAt(before, path.slice(0, -1));
    const last = path.at(-1) ?? '';
    if (!isTable(table) || Object.hasOwn(table, last) || isKnownKey(file, path, dialect)) return [];
    const siblings = Object.keys(table);
    const near = nearKey(file, path, dialect, siblings);
    const isThere = siblings.some((key) => formatPath([...path.slice(0, -1), key]) === near);
    return near === undefined || !isThere ? [] : [unknownKey(file, path, near)];
  });
  return { listed: missing.slice(0, maxListed), count: missing.length };
};

/**
 * Keys of a file that its node is not known to read. In app.toml and client.toml, where chains have keys of their own, only those that look like a
 * slip: near to a key of the same section, or known in another place.
 */
export const findUnknownIn = (
  file: PatchableFile,
  document: DocumentTable,
  dialect: Dialect | undefined,
): UnknownKeys => {
  let compared = 0;
  const isGuess = (path: KeyPath): boolean => isOpenPlace(file, path);
  return collect(added(file, {}, document, dialect, []), isGuess, ({ path }) => {
    if (isGuess(path) && ++compared > maxCompared) return undefined;
    const suggestion = suggestKey(file, path, dialect);
    return isGuess(path) && suggestion === undefined ? undefined : unknownKey(file, path, suggestion);
  });
};

const unknownKey = (file: PatchableFile, path: KeyPath, suggestion: string | undefined): UnknownKey => ({
  file,
  key: shown(path),
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** Keys of `after` that `before` does not have and that are not known; of an unknown section only the section. */
function* added(
  file: PatchableFile,
  before: DocumentTable,
  after: DocumentTable,
  dialect: Dialect | undefined,
  at: KeyPath,
): Generator<Asked, void, undefined> {
  const siblings = Object.keys(before);
  for (const [key, value] of Object.entries(after)) {
    const path = [...at, key];
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === undefined && !isKnownKey(file, path, dialect)) yield { path, siblings };
    else if (isTable(value)) yield* added(file, isTable(old) ? old : {}, value, dialect, path);
  }
}

/** @param judge Answers undefined for a key that is nobody's business. */
const collect = (
  asked: Iterable<Asked>,
  isGuess: (path: KeyPath) => boolean,
  judge: (asked: Asked) => UnknownKey | undefined,
): UnknownKeys => {
  const listed: UnknownKey[] = [];
  let count = 0;
  for (const one of asked) {
    const isFull = listed.length === maxListed;
    const unknown = isFull ? undefined : judge(one);
    if (unknown !== undefined) listed.push(unknown);
    if (unknown !== undefined || (isFull && !isGuess(one.path))) count++;
  }
  return { listed, count };
};

const shown = (path: KeyPath): string => {
  const text = formatPath(path);
  return text.length > 160 ? `${text.slice(0, 159)}\u2026` : text;
};
