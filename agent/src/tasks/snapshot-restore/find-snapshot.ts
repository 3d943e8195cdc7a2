import { type SnapshotRestoreParams, TaskError } from '@nodetask/shared';
import type { Codec } from '../../archive/codec.ts';
import type { ObjectInfo, ObjectStore } from '../../objectstore/object-store.ts';
import { isRefused } from '../snapshot/is-refused.ts';
import { type Manifest, readManifest } from '../snapshot/manifest.ts';
import { latestKey, parseArchiveKey, parseLatest } from '../snapshot/snapshot-names.ts';
import { findArchive, findPlain, missing } from './find-archive.ts';

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
  /** For warnings. */
  readonly doubts: readonly string[];
}

export type Wanted = Pick<SnapshotRestoreParams, 'chainId' | 'targetHeight' | 'sha256' | 'allowUnverified' | 'uri'>;

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
  const announced = latest === undefined ? noManifest : await readIfAllowed(store, prefix, latest, signal);
  // Nothing at or below a height is higher than the archive of that very height.
  const exact = latest ?? targetHeight;
  const key =
    announced.manifest?.key ??
    (exact === undefined ? undefined : await findPlain(store, prefix, exact, signal)) ??
    (await findArchive(store, prefix, wanted, latest, signal));
  const name = parseArchiveKey(prefix, key);
  if (name === undefined) throw new Error(`${key} is no name of an archive`);
  const { height, compression } = name;
  const { manifest, doubts } = height === latest ? announced : await readIfAllowed(store, prefix, height, signal);
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
    doubts,
  };
};

interface FoundManifest {
  readonly manifest: Manifest | undefined;
  readonly doubts: readonly string[];
}

const noManifest: FoundManifest = { manifest: undefined, doubts: [] };

const readIfAllowed = async (
  store: ObjectStore,
  prefix: string,
  height: number,
  signal: AbortSignal,
): Promise<FoundManifest> => {
  try {
    return { manifest: await readManifest(store, prefix, height, signal), doubts: [] };
  } catch (error) {
    // Of a manifest that is not there S3 says so, if the bucket may not be listed. The chain has to be proven otherwise then.
    if (!isRefused(error)) throw error;
    const doubt = `nothing was compared with a manifest: ${store.describe(prefix)} does not let the agent see if the snapshot ${height} has one`;
    return { manifest: undefined, doubts: [doubt] };
  }
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
