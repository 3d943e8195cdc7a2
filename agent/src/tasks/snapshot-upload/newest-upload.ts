import type { ObjectStore } from '../../objectstore/object-store.ts';
import { readManifest } from '../snapshot/manifest.ts';
import { type ArchiveName, parseArchiveKey } from '../snapshot/snapshot-names.ts';
import type { NewestUpload } from '../upload-age.ts';

/** Archives that are looked at, from the highest height down: a prefix belongs to one chain, so the first of them tells. */
const maxLookedAt = 8;

interface Archive {
  readonly key: string;
  readonly name: ArchiveName;
  readonly modifiedAt: number | undefined;
}

/**
 * The newest archive of a chain below the prefix, among those of the highest heights. The time is that of its manifest, which stays right where a bucket is
 * copied; of an archive of publishers, which has none, that of the object. An archive without either is not complete.
 */
export const newestUpload = async (
  store: ObjectStore,
  prefix: string,
  chainId: string,
  signal: AbortSignal,
): Promise<NewestUpload | undefined> => {
  let newest: NewestUpload | undefined;
  for (const { key, name, modifiedAt } of await highest(store, prefix, signal)) {
    const { chainId: named, height } = name;
    const manifest = named === undefined ? await readManifest(store, prefix, height, signal) : undefined;
    const at = manifest === undefined ? modifiedAt : Date.parse(manifest.createdAt);
    if ((manifest?.chainId ?? named) !== chainId || at === undefined) continue;
    if (newest === undefined || at > newest.at) newest = { where: store.describe(key), at };
  }
  return newest;
};

const highest = async (store: ObjectStore, prefix: string, signal: AbortSignal): Promise<readonly Archive[]> => {
  let found: readonly Archive[] = [];
  for await (const { key, modifiedAt } of store.list(prefix, { signal, direct: true })) {
    const name = parseArchiveKey(prefix, key);
    if (name === undefined) continue;
    found = [...found, { key, name, modifiedAt }]
      .toSorted((a, b) => b.name.height - a.name.height)
      .slice(0, maxLookedAt);
  }
  return found;
};
