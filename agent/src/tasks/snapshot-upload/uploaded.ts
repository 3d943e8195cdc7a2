import { TaskError } from '@nodetask/shared';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { type Manifest, readManifest } from '../snapshot/manifest.ts';
import { latestKey, manifestKey, parseLatest } from '../snapshot/snapshot-names.ts';

/**
 * The manifest of a snapshot that is uploaded completely, whatever its compression; undefined where the archive has still to be uploaded.
 * Throws TaskError `chain-mismatch` where the prefix holds that height of another chain.
 */
export const findUploaded = async (
  store: ObjectStore,
  prefix: string,
  wanted: { readonly height: number; readonly chainId: string },
  signal: AbortSignal,
): Promise<Manifest | undefined> => {
  const { height, chainId } = wanted;
  const manifest = await readManifest(store, prefix, height, signal);
  if (manifest === undefined) return undefined;
  if (manifest.chainId !== chainId) {
    throw new TaskError(
      'chain-mismatch',
      `${store.describe(manifestKey(prefix, height))} is a snapshot of ${manifest.chainId}, and the node belongs to ${chainId}: use a prefix of its own for each chain`,
    );
  }
  const archive = await store.head(manifest.key, { signal });
  return archive?.bytes === manifest.size ? manifest : undefined;
};

/**
 * Lets `latest.txt` name this height, unless it names a higher one: an upload that was late, or of a node that lags behind, must not take
 * others back. Answers whether it was written.
 * @param before Called just before it is.
 */
export const advanceLatest = async (
  store: ObjectStore,
  prefix: string,
  height: number,
  signal: AbortSignal,
  before: () => void = () => undefined,
): Promise<boolean> => {
  const known = await latestHeight(store, prefix, signal);
  if (known !== undefined && known >= height) return false;
  before();
  await store.putSmall(latestKey(prefix), String(height), { signal, contentType: 'text/plain' });
  return true;
};

/** The height that `latest.txt` names; undefined where there is none or it names none. */
export const latestHeight = async (
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const latest = await store.getSmall(latestKey(prefix), { signal, maxBytes: 1024 });
  return latest === undefined ? undefined : parseLatest(latest.bytes.toString('utf8'));
};
