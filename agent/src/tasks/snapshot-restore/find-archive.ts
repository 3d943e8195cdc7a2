import { TaskError } from '@nodetask/shared';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { isRefused } from '../snapshot/is-refused.ts';
import { archiveKey, archiveNames, isBesideArchive, parseArchiveKey } from '../snapshot/snapshot-names.ts';
import { didYouMean, snapshotsNearby } from '../snapshot/snapshots-nearby.ts';
import type { Wanted } from './find-snapshot.ts';

/**
 * The key of the archive of a height under its usual names, in the order of keys. Who may read a bucket, a public one for instance, may not always list it.
 */
export const findPlain = async (
  store: ObjectStore,
  prefix: string,
  height: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
  for (const compression of ['gzip', 'zstd'] as const) {
    const key = archiveKey(prefix, height, compression);
    try {
      if ((await store.head(key, { signal })) !== undefined) return key;
    } catch (error) {
      // Without the right to list, S3 says so of what is not there; the listing tells.
      if (!isRefused(error)) throw error;
    }
  }
  return undefined;
};

/** The key of the best archive in a complete listing. */
export const findArchive = async (
  store: ObjectStore,
  prefix: string,
  { chainId, targetHeight, uri }: Wanted,
  latest: number | undefined,
  signal: AbortSignal,
): Promise<string> => {
  let best: { readonly height: number; readonly key: string } | undefined;
  let others = 0;
  const unknown: UnknownNames = { count: 0, examples: [] };
  for await (const { key } of store.list(prefix, { signal, direct: true })) {
    const name = parseArchiveKey(prefix, key);
    if (name === undefined) {
      if (!isBesideArchive(prefix, key)) countUnknown(unknown, key.slice(prefix.length));
      continue;
    }
    const fits =
      (name.chainId ?? chainId) === chainId &&
      (latest === undefined || name.height === latest) &&
      (targetHeight === undefined || name.height <= targetHeight);
    if (!fits) others += 1;
    // Of several archives of one height the first in the order of keys: the plain name.
    else if (best === undefined || name.height > best.height) best = { height: name.height, key };
  }
  if (best !== undefined) return best.key;
  const what = [
    `no snapshot of ${chainId}`,
    ...(latest === undefined ? [] : [`of the height ${latest} that latest.txt names`]),
    ...(targetHeight === undefined ? [] : [`at or below the height ${targetHeight}`]),
  ].join(' ');
  const found = `${store.describe(prefix)} has ${what} (of other heights or chains: ${others})${inWords(unknown)}`;
  if (others > 0) throw missing(found);
  const nearby = await snapshotsNearby(store, prefix, { chainId, signal, above: true });
  throw missing(found, didYouMean(nearby, { uri }));
};

/** Objects beside the archives whose names say nothing to a restore. */
interface UnknownNames {
  count: number;
  readonly examples: string[];
}

const maxExamples = 3;

const countUnknown = (unknown: UnknownNames, name: string): void => {
  unknown.count += 1;
  if (unknown.examples.length < maxExamples) unknown.examples.push(JSON.stringify(name.slice(0, 60)));
};

const inWords = ({ count, examples }: UnknownNames): string =>
  count === 0
    ? ''
    : `, and ${count} ${count === 1 ? 'object' : 'objects'} with a name that is not understood (${examples.join(', ')}${count > examples.length ? ', \u2026' : ''}); understood are ${archiveNames}`;

/** For what is not where the params say. */
export const missing = (what: string, remedy = 'check bucket, prefix, chainId and targetHeight'): TaskError =>
  new TaskError('object-missing', `${what}: ${remedy}`);
