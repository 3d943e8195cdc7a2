import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type SnapshotUploadParams, TaskError } from '@nodetask/shared';
import { codecParallelism, codecs } from '../../archive/codecs.ts';
import { compressStream } from '../../archive/compress-stream.ts';
import type { TaskContext, TaskHandler, TaskReport } from '../../engine/task-handler.ts';
import { readChainId } from '../../node/chain-id.ts';
import { findDataFolder } from '../../node/node-home.ts';
import type { ObjectStoreLocation } from '../../objectstore/location.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { formatManifest, type Manifest } from '../snapshot/manifest.ts';
import { openSnapshots } from '../snapshot/open-snapshots.ts';
import { type SnapshotOptions, snapshotHandler } from '../snapshot/snapshot-handler.ts';
import { archiveKey, manifestKey, parseArchiveKey } from '../snapshot/snapshot-names.ts';
import { snapshotHeights, snapshotsName } from '../snapshot/snapshots-folder.ts';
import { advanceLatest, findUploaded } from './uploaded.ts';
import { packTree } from './pack-tree.ts';
import { measureTree, snapshotEntries, type TreeSize } from './snapshot-entries.ts';

/** Unfinished uploads of other heights may be another node's at work; after so long they are not. */
const otherUploadsAgeMs = 24 * 3_600_000;

/**
 * snapshot-upload: packs the second-highest snapshot (the node may still be writing the highest) and streams it to the object store: the
 * archive, then its manifest, then `latest.txt`. Each of these appears whole or not at all, and none before what it refers to, so a crash at
 * any point leaves a prefix that can be restored from. Output: `{reason?, height?, key?, bytes?, sha256?}`.
 */
export const snapshotUpload = (options: SnapshotOptions): TaskHandler<SnapshotUploadParams> =>
  snapshotHandler(options, (store, location, context) => upload(store, location, context, options));

type Context = TaskContext<SnapshotUploadParams>;

const upload = async (
  store: ObjectStore,
  { prefix }: ObjectStoreLocation,
  context: Context,
  options: SnapshotOptions,
): Promise<TaskReport> => {
  const { params, signal, logger } = context;
  await openSnapshots(options.home, logger);
  const data = await findDataFolder(options.home);
  const folder = join(data ?? options.home.data, snapshotsName);
  const height = (await snapshotHeights(folder)).at(-2);
  if (height === undefined) return { outcome: 'unchanged', output: { reason: 'fewer-than-2-snapshots' } };
  const chainId = await readChainId(options.home, signal);
  const uploaded = await findUploaded(store, prefix, { height, chainId }, signal);
  if (uploaded !== undefined) {
    const { key, size: bytes, sha256 } = uploaded;
    const advanced = await advanceLatest(store, prefix, height, signal);
    const output = { height, key, bytes, sha256 };
    const warnings =
      uploaded.compression === params.compression
        ? {}
        : {
            warnings: [
              `${key} was uploaded before with ${uploaded.compression}, and stays: compression ${params.compression} counts for other heights`,
            ],
          };
    return advanced
      ? { outcome: 'changed', output, ...warnings }
      : { outcome: 'unchanged', output: { reason: 'already-uploaded', ...output }, ...warnings };
  }
  await discardLeftovers(store, prefix, height, context);
  const source = { folder, height, metadata: params.includeMetadata };
  const size = await measureTree(snapshotEntries(source), signal);
  const key = archiveKey(prefix, height, params.compression);
  const archive = await sendArchive(store, key, packTree(snapshotEntries(source)), size, context, options);
  options.afterStep?.('archive uploaded');
  const manifest: Manifest = {
    height,
    chainId,
    key,
    size: archive.bytes,
    sha256: archive.sha256,
    compression: params.compression,
    createdAt: new Date(options.clock.now()).toISOString(),
    unpackedBytes: size.bytes,
    entries: size.entries,
  };
  await store.putSmall(manifestKey(prefix, height), formatManifest(manifest), {
    signal,
    contentType: 'application/json',
  });
  options.afterStep?.('manifest written');
  await advanceLatest(store, prefix, height, signal);
  options.afterStep?.('latest written');
  logger.info('uploaded snapshot', { height, key, ...archive });
  return { outcome: 'changed', output: { height, key, ...archive } };
};

interface SentArchive {
  readonly bytes: number;
  readonly sha256: string;
}

const sendArchive = async (
  store: ObjectStore,
  key: string,
  tar: AsyncIterable<Buffer>,
  size: TreeSize,
  context: Context,
  { cpus, afterStep }: SnapshotOptions,
): Promise<SentArchive> => {
  const { signal } = context;
  const codec = codecs[context.params.compression];
  const hash = createHash('sha256');
  let hashed = 0;
  let packed = 0;
  async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const piece of tar) {
      signal.throwIfAborted();
      packed += piece.length;
      yield piece;
    }
  }
  async function* archive(): AsyncGenerator<Buffer, void, undefined> {
    // One more: a block that is done waits for those before it, and for the network.
    for await (const piece of compressStream(codec, counted(), codecParallelism(cpus) + 1)) {
      hash.update(piece);
      hashed += piece.length;
      context.progress({ stage: 'upload', done: Math.min(packed, size.tarBytes), total: size.tarBytes, unit: 'bytes' });
      yield piece;
    }
  }
  const { bytes } = await store.upload(key, archive(), {
    signal,
    contentType: codec.contentType,
    expectedBytes: size.tarBytes,
    onProgress: () => afterStep?.('part uploaded'),
  });
  if (bytes !== hashed) {
    throw new TaskError(
      'object-store-invalid',
      `${store.describe(key)} took ${bytes} bytes of ${hashed}: check the store`,
    );
  }
  return { bytes, sha256: hash.digest('hex') };
};

const discardLeftovers = async (
  store: ObjectStore,
  prefix: string,
  height: number,
  context: Context,
): Promise<void> => {
  const { signal, logger } = context;
  try {
    const isLeftover = (key: string, ageMs: number): boolean => {
      const name = parseArchiveKey(prefix, key);
      return name !== undefined && (name.height === height || ageMs > otherUploadsAgeMs);
    };
    const keys = await store.discardUploads(prefix, { signal, isLeftover });
    if (keys.length > 0) logger.warn('discarded unfinished uploads of an earlier run', { keys });
  } catch (error) {
    // Who may write objects may not always list uploads; a lifecycle rule of the bucket does the same later.
    if (!(error instanceof TaskError && error.code === 'object-store-refused')) throw error;
    logger.warn('cannot look for unfinished uploads of an earlier run', { error });
  }
};
