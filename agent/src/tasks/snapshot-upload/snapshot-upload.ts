import { createHash } from 'node:crypto';
import { type SnapshotUploadParams, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { codecParallelism, codecs } from '../../archive/codecs.ts';
import { compressStream } from '../../archive/compress-stream.ts';
import type { Pledge, TaskContext, TaskHandler, TaskReport } from '../../engine/task-handler.ts';
import { readChainId } from '../../node/chain-id.ts';
import type { ObjectStoreLocation } from '../../objectstore/location.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { formatManifest, type Manifest, readManifest } from '../snapshot/manifest.ts';
import { readNodeSnapshots, tellSkipped } from '../snapshot/local-snapshots.ts';
import { type SnapshotOptions, snapshotHandler } from '../snapshot/snapshot-handler.ts';
import { archiveKey, manifestKey, parseArchiveKey } from '../snapshot/snapshot-names.ts';
import { discardLeftovers } from '../discard-leftovers.ts';
import { refuseOldUpload } from '../upload-age.ts';
import { chooseSnapshot } from './choose-snapshot.ts';
import { newestUpload } from './newest-upload.ts';
import { alreadyUploaded, nothingToUpload } from './nothing-to-upload.ts';
import { packTree } from './pack-tree.ts';
import { measureTree, snapshotEntries, type TreeSize } from './snapshot-entries.ts';
import { readSnapshotSettings } from './snapshot-settings.ts';
import { advanceLatest, findUploaded, latestHeight } from './uploaded.ts';

/** Unfinished uploads of other heights may be another node's at work; after so long they are not. */
const otherUploadsAgeMs = 24 * 3_600_000;

/**
 * snapshot-upload: packs the highest complete snapshot, with a metadata.db that lists this one only, and streams it to the object store: the
 * archive, then its manifest, then `latest.txt`. Each of these appears whole or not at all, and none before what it refers to, so a crash at
 * any point leaves a prefix that can be restored from. Where nothing is uploaded, the newest upload must not be older than `maxAgeSeconds`.
 * Output: `{reason?, height?, key?, bytes?, sha256?, skipped?, skippedMore?}`, beside `{newestUpload, newestUploadAt}` where that is too old.
 */
export const snapshotUpload = (options: SnapshotOptions): TaskHandler<SnapshotUploadParams> =>
  snapshotHandler(
    options,
    async (store, location, context) => {
      const report = await upload(store, location, context, options);
      if (report.outcome !== 'changed') await refuseOld(report, store, location, context, options);
      return report;
    },
    finishUpload,
  );

type Context = TaskContext<SnapshotUploadParams>;

const upload = async (
  store: ObjectStore,
  location: ObjectStoreLocation,
  context: Context,
  options: SnapshotOptions,
): Promise<TaskReport> => {
  const { params, signal, logger, pledged } = context;
  const { home, clock, afterStep } = options;
  const { prefix } = location;
  // The store may not have answered when it was asked for what an interrupted run had done.
  const finished = pledged === undefined ? undefined : await finishUpload(store, location, context, pledged);
  if (finished !== undefined) return finished;
  // An archive without metadata.db can be made by the files alone.
  const needsStore = params.includeMetadata;
  await using snapshots = await readNodeSnapshots({ home, clock, signal, logger, afterStep, needsStore });
  const skipped = tellSkipped(snapshots);
  const doubts = snapshots.doubts.length === 0 ? {} : { warnings: snapshots.doubts };
  const choice = chooseSnapshot(snapshots);
  if ('reason' in choice) {
    return { ...nothingToUpload(choice.reason, snapshots, await readSnapshotSettings(home)), ...doubts };
  }
  const { height } = choice;
  const chainId = await readChainId(options.home, signal);
  const uploaded = await findUploaded(store, prefix, { height, chainId }, signal);
  if (uploaded !== undefined) {
    const { key, size: bytes, sha256 } = uploaded;
    const output = { height, key, bytes, sha256, ...skipped };
    const warnings = [...snapshots.doubts, ...otherCompression(uploaded, params)];
    const told = warnings.length === 0 ? {} : { warnings };
    const report = { outcome: 'changed', output, ...told } as const;
    const advanced = await advanceLatest(store, prefix, height, signal, () => {
      context.pledge({ report, proof: { height } });
    });
    afterStep?.('latest advanced');
    return advanced ? report : { ...alreadyUploaded(height, output, await readSnapshotSettings(home)), ...told };
  }
  const untidy = await discardLeftovers(store, prefix, {
    signal,
    logger,
    isLeftover: (key, ageMs) => {
      const name = parseArchiveKey(prefix, key);
      return name !== undefined && (name.height === height || ageMs > otherUploadsAgeMs);
    },
  });
  const metadata =
    params.includeMetadata && snapshots.listed !== undefined
      ? await snapshots.selectStore([height], signal)
      : undefined;
  afterStep?.('store selected');
  const source = { folder: snapshots.folder, height, metadata };
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
  const output = { height, key, ...archive, ...skipped };
  const warnings = [...snapshots.doubts, ...(untidy === undefined ? [] : [untidy])];
  const report = { outcome: 'changed', output, ...(warnings.length === 0 ? {} : { warnings }) } as const;
  context.pledge({ report, proof: { height, createdAt: manifest.createdAt, sha256: manifest.sha256 } });
  await store.putSmall(manifestKey(prefix, height), formatManifest(manifest), {
    signal,
    contentType: 'application/json',
  });
  options.afterStep?.('manifest written');
  await advanceLatest(store, prefix, height, signal);
  options.afterStep?.('latest written');
  logger.info('uploaded snapshot', { height, key, ...archive });
  return report;
};

/** What is at the store stays, and a parameter without effect is told. */
const otherCompression = (
  { key, compression: before }: Manifest,
  { compression }: SnapshotUploadParams,
): readonly string[] =>
  before === compression
    ? []
    : [`${key} was uploaded before with ${before}, and stays: compression ${compression} counts for other heights`];

const refuseOld = async (
  report: TaskReport,
  store: ObjectStore,
  { prefix }: ObjectStoreLocation,
  { params: { maxAgeSeconds }, signal }: Context,
  { home, clock }: SnapshotOptions,
): Promise<void> => {
  if (maxAgeSeconds === undefined) return;
  const newest = await newestUpload(store, prefix, await readChainId(home, signal), signal);
  refuseOldUpload({
    maxAgeSeconds,
    newest,
    now: clock.now(),
    place: store.describe(prefix),
    why: report.message ?? report.reason ?? '',
    output: report.output ?? {},
  });
};

const proofSchema = z.looseObject({
  height: z.int(),
  /** Of the manifest that the run was about to write; absent if it had only latest.txt to write. */
  createdAt: z.string().optional(),
  sha256: z.string().optional(),
});

/** The manifest of this very run at the store, or its latest.txt, shows what it did. */
const finishUpload = async (
  store: ObjectStore,
  { prefix }: ObjectStoreLocation,
  { signal }: Context,
  { report, proof }: Pledge,
): Promise<TaskReport | undefined> => {
  const { height, createdAt, sha256 } = proofSchema.parse(proof);
  if (createdAt === undefined) return (await latestHeight(store, prefix, signal)) === height ? report : undefined;
  const manifest = await readManifest(store, prefix, height, signal);
  if (manifest?.createdAt !== createdAt || manifest.sha256 !== sha256) return undefined;
  await advanceLatest(store, prefix, height, signal);
  return report;
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
