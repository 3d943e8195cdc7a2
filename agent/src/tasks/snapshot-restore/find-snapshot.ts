import { type SnapshotRestoreParams, TaskError } from '@nodetask/shared';
import type { Codec } from '../../archive/codec.ts';
import type { ObjectInfo, ObjectStore } from '../../objectstore/object-store.ts';
import { readManifest } from '../snapshot/manifest.ts';
import {
  archiveKey,
  archiveNames,
  isBesideArchive,
  latestKey,
  parseArchiveKey,
  parseLatest,
} from '../snapshot/snapshot-names.ts';

/** The archive to restore, and what is known of it. */
export interface FoundSnapshot {
  readonly height: number;
  readonly object: ObjectInfo;
  readonly compression: Codec['name'];
  /** From the params or the manifest; undefined where neither says. */
  readonly sha256: string | undefined;
  /** The manifest, the name or the hash of the params says that it is of the chain. */
  readonly isProven: boolean;
  /** Bytes that it will have on disk, as far as is known. */
  readonly unpackedBytes: number | undefined;
}

type Wanted = Pick<SnapshotRestoreParams, 'chainId' | 'targetHeight' | 'sha256' | 'allowUnverified'>;

/**
 * Finds the snapshot that the params ask for: the highest at or below `targetHeight`, else the one that `latest.txt` names, else the highest.
 * Throws TaskError `object-missing`, `chain-mismatch`, `chain-unproven`, `hash-mismatch` or `object-store-invalid`.
 */
export const findSnapshot = async (
  store: ObjectStore,
  prefix: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<FoundSnapshot> => {
  const { targetHeight, chainId } = wanted;
  const latest = targetHeight === undefined ? await readLatest(store, prefix, signal) : undefined;
  // With latest.txt it is known which one; reading its manifest spares the listing.
  const announced = latest === undefined ? undefined : await readManifest(store, prefix, latest, signal);
  const key =
    announced?.key ??
    (latest === undefined ? undefined : await findPlain(store, prefix, latest, signal)) ??
    (await findArchive(store, prefix, wanted, latest, signal));
  const name = parseArchiveKey(prefix, key);
  if (name === undefined) throw new Error(`${key} is no name of an archive`);
  const { height, compression } = name;
  const manifest = announced ?? (await readManifest(store, prefix, height, signal));
  const ofChain = manifest?.chainId ?? name.chainId;
  if (ofChain !== undefined && ofChain !== chainId) {
    throw new TaskError(
      'chain-mismatch',
      `${store.describe(key)} is a snapshot of ${ofChain}, and chainId is ${chainId}; nothing was changed: check prefix and chainId`,
    );
  }
  const isProven = ofChain !== undefined || wanted.sha256 !== undefined;
  if (!isProven && !wanted.allowUnverified) {
    throw new TaskError(
      'chain-unproven',
      `neither a manifest nor its name says that ${store.describe(key)} is a snapshot of ${chainId}; nothing was changed: give its sha256, or set allowUnverified`,
    );
  }
  const object = await store.head(key, { signal });
  if (object === undefined) throw missing(`${store.describe(key)} does not exist although it is announced`);
  // Two publishers may have archives of one height in one place; a manifest is about one of them.
  const facts = manifest?.key === key ? manifest : undefined;
  checkFacts(store, object, facts, wanted.sha256);
  return {
    height,
    object,
    compression,
    isProven,
    sha256: wanted.sha256 ?? facts?.sha256,
    unpackedBytes: facts?.unpackedBytes,
  };
};

const readLatest = async (store: ObjectStore, prefix: string, signal: AbortSignal): Promise<number | undefined> => {
  const key = latestKey(prefix);
  const object = await store.getSmall(key, { signal, maxBytes: 1024 });
  if (object === undefined) return undefined;
  const text = object.bytes.toString('utf8');
  const height = parseLatest(text);
  if (height !== undefined) return height;
  throw new TaskError(
    'object-store-invalid',
    `${store.describe(key)} holds ${JSON.stringify(text.slice(0, 60))}, which is no height: correct it, or give targetHeight`,
  );
};

/**
 * The key of the archive of a height under its usual names, in the order of keys. Who may read a bucket, a public one for instance, may not always list it.
 */
const findPlain = async (
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

const isRefused = (error: unknown): boolean => error instanceof TaskError && error.code === 'object-store-refused';

/** The key of the best archive in a complete listing. */
const findArchive = async (
  store: ObjectStore,
  prefix: string,
  { chainId, targetHeight }: Wanted,
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
  throw missing(`${store.describe(prefix)} has ${what} (of other heights or chains: ${others})${inWords(unknown)}`);
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
    : `, and ${count} ${count === 1 ? 'object' : 'objects'} with a name that is not understood (${examples.join(', ')}${count > examples.length ? ', …' : ''}); understood are ${archiveNames}`;

const missing = (what: string): TaskError =>
  new TaskError('object-missing', `${what}: check bucket, prefix, chainId and targetHeight`);

const checkFacts = (
  store: ObjectStore,
  object: ObjectInfo,
  facts: { readonly size: number; readonly sha256: string } | undefined,
  sha256: string | undefined,
): void => {
  if (facts === undefined) return;
  const where = store.describe(object.key);
  if (facts.size !== object.bytes) {
    throw new TaskError(
      'hash-mismatch',
      `${where} has ${object.bytes} bytes, and its manifest says ${facts.size}; nothing was changed: upload the snapshot anew`,
    );
  }
  if (sha256 !== undefined && sha256 !== facts.sha256) {
    throw new TaskError(
      'hash-mismatch',
      `the manifest of ${where} says that its SHA-256 is ${facts.sha256}, and sha256 is ${sha256}; nothing was changed`,
    );
  }
};
