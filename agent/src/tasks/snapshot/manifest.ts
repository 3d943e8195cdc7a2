import { TaskError } from '@nodetask/shared';
import * as z from 'zod';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { manifestKey, parseArchiveKey } from './snapshot-names.ts';

const size = z.int().min(0);

/** What is known of an archive; the object `<height>.manifest.json` beside it. Members that a later version adds are let through. */
const manifestSchema = z.object({
  height: z.int().min(1),
  chainId: z.string().min(1).max(50),
  /** Of the archive. */
  key: z.string().min(1).max(1024),
  /** Bytes of the archive. */
  size,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  compression: z.enum(['gzip', 'zstd']),
  createdAt: z.iso.datetime(),
  /** Bytes of all files in it, for the check of the free space. */
  unpackedBytes: size.optional(),
  /** Files and folders in it. */
  entries: size.optional(),
});

export type Manifest = z.output<typeof manifestSchema>;

const maxManifestBytes = 64 * 1024;

/** Undefined where there is none. Throws TaskError `object-store-invalid` where the object is no manifest of this height. */
export const readManifest = async (
  store: ObjectStore,
  prefix: string,
  height: number,
  signal: AbortSignal,
): Promise<Manifest | undefined> => {
  const key = manifestKey(prefix, height);
  const object = await store.getSmall(key, { signal, maxBytes: maxManifestBytes });
  if (object === undefined) return undefined;
  const manifest = parse(object.bytes.toString('utf8'));
  if (manifest === undefined || manifest.height !== height) {
    throw new TaskError(
      'object-store-invalid',
      `${store.describe(key)} is no manifest of the snapshot ${height}: remove it, or upload the snapshot anew`,
    );
  }
  return { ...manifest, key: archiveOf(prefix, manifest) };
};

export const formatManifest = (manifest: Manifest): string => `${JSON.stringify(manifest, undefined, 2)}\n`;

const parse = (text: string): Manifest | undefined => {
  try {
    return manifestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not even JSON; the caller says so.
    return undefined;
  }
};

/** A bucket may have been copied to another place: the archive is the one beside the manifest. */
const archiveOf = (prefix: string, { key, height }: Manifest): string => {
  const beside = `${prefix}${key.slice(key.lastIndexOf('/') + 1)}`;
  if (parseArchiveKey(prefix, beside)?.height === height) return beside;
  throw new TaskError(
    'object-store-invalid',
    `the manifest of the snapshot ${height} names the archive ${JSON.stringify(key)}, which is no name of one: upload the snapshot anew`,
  );
};
