import type { SeictlUploaded } from '../../node/seictl-files.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import type { KeptUpload } from '../kept-upload.ts';
import { isRefused } from '../snapshot/is-refused.ts';
import { archiveKey } from '../snapshot/snapshot-names.ts';

/** An archive that seictl uploaded, which has no manifest. */
export interface SeictlArchive extends KeptUpload {
  readonly height: number;
  readonly bytes: number;
}

export interface SeictlQuestion {
  readonly prefix: string;
  readonly height: number;
  /** As the state file of seictl tells it. */
  readonly last: SeictlUploaded | undefined;
  readonly now: number;
}

/**
 * The archive of a height, if seictl uploaded it to this destination. Undefined if its state does not reach that height, or if the store does not have the
 * archive, since the state does not say where it was uploaded to.
 */
export const findSeictlArchive = async (
  store: ObjectStore,
  { prefix, height, last, now }: SeictlQuestion,
  signal: AbortSignal,
): Promise<SeictlArchive | undefined> => {
  if (last === undefined || height > last.height) return undefined;
  const object = await headIfAllowed(store, archiveKey(prefix, height, 'gzip'), signal);
  if (object === undefined) return undefined;
  const { key, bytes, modifiedAt = now } = object;
  // The time of seictl stays right in a copied bucket. A clock that was wrong must not keep an upload new for ever.
  const told = height === last.height ? (last.at ?? modifiedAt) : modifiedAt;
  return { key, bytes, height, at: Math.min(told, modifiedAt, now), by: 'seictl' };
};

const headIfAllowed = async (store: ObjectStore, key: string, signal: AbortSignal) => {
  try {
    return await store.head(key, { signal });
  } catch (error) {
    // Without the right to list, S3 says so of what is not there.
    if (!isRefused(error)) throw error;
    return undefined;
  }
};
