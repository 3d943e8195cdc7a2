import { TaskError } from '@nodetask/shared';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { parseArchiveKey } from './snapshot-names.ts';

/** Each costs a request; a page has 150 entries. */
const maxListings = 20;
/** Folders below folders: `<chain>/state-sync/`, for instance, is at the second level. */
const maxDepth = 2;
const maxNamed = 3;
const maxNameCharacters = 100;

/** A prefix with the folders that lead from the one of the params to it. */
interface Place {
  readonly prefix: string;
  readonly depth: number;
}

export interface NearbyOptions {
  readonly chainId: string;
  readonly signal: AbortSignal;
  /** Look at the prefix one level up, too. */
  readonly above?: boolean;
}

/**
 * Prefixes near one that holds no snapshots, below it or just above, that do hold some: for who names a bucket without the prefix in it. It is a hint for a
 * message: it looks at few places, at the beginning of each, and ends if the store fails.
 */
export const snapshotsNearby = async (
  store: ObjectStore,
  prefix: string,
  { chainId, signal, above = false }: NearbyOptions,
): Promise<readonly string[]> => {
  const found: string[] = [];
  // Its own folder first: among hundreds it may not be on the first page. Newer versions of seictl keep snapshots one level deeper.
  const own = `${prefix}${chainId}/`;
  const parent = above ? parentOf(prefix) : undefined;
  const known = [own, `${own}state-sync/`, ...(parent === undefined ? [] : [parent])];
  const places: Place[] = [
    ...known.map((one) => ({ prefix: one, depth: one === own ? 1 : maxDepth })),
    { prefix, depth: 0 },
  ];
  for (let listings = 0; listings < maxListings && found.length <= maxNamed; listings++) {
    const place = places.shift();
    if (place === undefined) break;
    const onFolder = (folder: string): void => {
      if (place.depth < maxDepth && !known.includes(folder)) places.push({ prefix: folder, depth: place.depth + 1 });
    };
    try {
      const hasSnapshots = await beginsWithSnapshots(store, place.prefix, onFolder, signal);
      if (hasSnapshots && place.prefix !== prefix) found.push(place.prefix);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TaskError)) throw error;
      // The credentials may be for one prefix only. After any other failure there is no use in more requests.
      if (error.code !== 'object-store-refused') break;
    }
  }
  return found;
};

/** The prefix one level up; undefined at the top of the bucket. */
const parentOf = (prefix: string): string | undefined =>
  prefix === '' ? undefined : prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1);

/** True if an archive is among the first objects directly below a prefix. */
const beginsWithSnapshots = async (
  store: ObjectStore,
  prefix: string,
  onFolder: (prefix: string) => void,
  signal: AbortSignal,
): Promise<boolean> => {
  let has = false;
  for await (const { key } of store.list(prefix, { signal, direct: true, pages: 1, onFolder })) {
    has ||= parseArchiveKey(prefix, key) !== undefined;
  }
  return has;
};

/** The params that say where the snapshots are, as far as a message repeats them. */
export interface NamedPlace {
  readonly uri?: string | undefined;
}

/** The question of a message, with the param as it would have to be: `did you mean prefix "pacific-1"?`; undefined without a place. */
export const didYouMean = (places: readonly string[], { uri }: NamedPlace): string | undefined => {
  if (places.length === 0) return undefined;
  const [bucket] = /^s3:\/\/[^/]*/.exec(uri ?? '') ?? [];
  const named = places.slice(0, maxNamed).map((prefix) => {
    const bare = prefix.replace(/\/$/, '');
    const text = bucket === undefined ? bare : `${bucket}/${bare}`;
    return JSON.stringify(text.length > maxNameCharacters ? `${text.slice(0, maxNameCharacters)}...` : text);
  });
  if (places.length > maxNamed) named.push('another one');
  return `did you mean ${bucket === undefined ? 'prefix' : 'uri'} ${named.join(' or ')}?`;
};
