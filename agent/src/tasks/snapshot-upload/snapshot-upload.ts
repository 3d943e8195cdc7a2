import { bytesText, type SnapshotUploadParams } from '@nodetask/shared';
import * as z from 'zod';
import type { Pledge, TaskContext, TaskHandler, ToldReport } from '../../engine/task-handler.ts';
import { readChainId } from '../../node/chain-id.ts';
import type { ObjectStoreLocation } from '../../objectstore/location.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { formatManifest, type Manifest, readManifest } from '../snapshot/manifest.ts';
import { readNodeSnapshots, tellSkipped } from '../snapshot/local-snapshots.ts';
import { type SnapshotOptions, snapshotHandler } from '../snapshot/snapshot-handler.ts';
import { archiveKey, manifestKey, parseArchiveKey } from '../snapshot/snapshot-names.ts';
import { didYouMean, snapshotsNearby } from '../snapshot/snapshots-nearby.ts';
import { discardLeftovers } from '../discard-leftovers.ts';
import type { KeptUpload } from '../kept-upload.ts';
import { withMessage } from '../with-message.ts';
import { refuseOldUpload } from '../upload-age.ts';
import { chooseSnapshot } from './choose-snapshot.ts';
import { type EarlierUploads, keepUpload, readEarlierUploads } from './earlier-uploads.ts';
import { newestUpload } from './newest-upload.ts';
import { alreadyUploaded, nothingToUpload, uploadedBySeictl } from './nothing-to-upload.ts';
import { packTree } from './pack-tree.ts';
import { measureTree, snapshotEntries } from './snapshot-entries.ts';
import { findSeictlArchive } from './seictl-uploads.ts';
import { sendArchive } from './send-archive.ts';
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
      const earlier = await readEarlierUploads(location, context.logger, options);
      const { report, newest } = await upload(store, location, context, options, earlier);
      const doubts = [...earlier.doubts, ...(await keepUpload(newest, location, context.logger, options))];
      if (report.outcome !== 'changed') await refuseOld(report, store, location, context, options, earlier);
      return withDoubts(report, doubts);
    },
    async (store, location, context, pledge) => {
      const end = await finishUpload(store, location, context, pledge);
      if (end === undefined) return undefined;
      return withDoubts(end.report, await keepUpload(end.newest, location, context.logger, options));
    },
  );

type Context = TaskContext<SnapshotUploadParams>;

/** How an upload ended, and the newest that is at the store as far as it knows. */
interface UploadEnd {
  readonly report: ToldReport;
  readonly newest?: KeptUpload;
}

const withDoubts = (report: ToldReport, doubts: readonly string[]): ToldReport =>
  doubts.length === 0 ? report : { ...report, warnings: [...(report.warnings ?? []), ...doubts] };

const upload = async (
  store: ObjectStore,
  location: ObjectStoreLocation,
  context: Context,
  options: SnapshotOptions,
  { seictl }: EarlierUploads,
): Promise<UploadEnd> => {
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
    return { report: { ...nothingToUpload(choice.reason, snapshots, await readSnapshotSettings(home)), ...doubts } };
  }
  const { height } = choice;
  const chainId = await readChainId(options.home, signal);
  const uploaded = await findUploaded(store, prefix, { height, chainId }, signal);
  if (uploaded !== undefined) {
    const { key, size: bytes, sha256 } = uploaded;
    const output = { height, key, bytes, sha256, ...skipped };
    const warnings = [...snapshots.doubts, ...otherCompression(uploaded, params)];
    const told = warnings.length === 0 ? {} : { warnings };
    const message = `height ${height} was in the bucket already, ${bytesText(bytes)}; it is the latest now`;
    const report = { outcome: 'changed', message, numbers: { height, bytes }, output, ...told } as const;
    const advanced = await advanceLatest(store, prefix, height, signal, () => {
      context.pledge({ report, proof: { height } });
    });
    afterStep?.('latest advanced');
    const newest = { height, key, at: Date.parse(uploaded.createdAt) };
    if (advanced) return { report, newest };
    return { report: { ...alreadyUploaded(height, output, await readSnapshotSettings(home)), ...told }, newest };
  }
  const bySeictl = await findSeictlArchive(store, { prefix, height, last: seictl, now: clock.now() }, signal);
  if (bySeictl !== undefined) {
    const { key, bytes } = bySeictl;
    return { report: { ...uploadedBySeictl(height, { height, key, bytes, ...skipped }), ...doubts }, newest: bySeictl };
  }
  const elsewhere = await askElsewhere(store, prefix, chainId, context);
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
  const warnings = [...snapshots.doubts, untidy, elsewhere].filter((warning) => warning !== undefined);
  const message = `uploaded height ${height}, ${bytesText(archive.bytes)}`;
  const numbers = { height, bytes: archive.bytes };
  const report = {
    outcome: 'changed',
    message,
    numbers,
    output,
    ...(warnings.length === 0 ? {} : { warnings }),
  } as const;
  context.pledge({ report, proof: { height, createdAt: manifest.createdAt, sha256: manifest.sha256 } });
  await store.putSmall(manifestKey(prefix, height), formatManifest(manifest), {
    signal,
    contentType: 'application/json',
  });
  options.afterStep?.('manifest written');
  await advanceLatest(store, prefix, height, signal);
  options.afterStep?.('latest written');
  logger.info('uploaded snapshot', { height, key, ...archive });
  return { report, newest: { height, key, at: Date.parse(manifest.createdAt) } };
};

/** The warning of a first upload to a prefix below which there are snapshots already: it may be one level too high. */
const askElsewhere = async (
  store: ObjectStore,
  prefix: string,
  chainId: string,
  { params, signal }: Context,
): Promise<string | undefined> => {
  if ((await latestHeight(store, prefix, signal)) !== undefined) return undefined;
  const question = didYouMean(await snapshotsNearby(store, prefix, { chainId, signal }), params);
  return question === undefined
    ? undefined
    : `this is the first upload to ${store.describe(prefix)}, and there are snapshots below it: ${question}`;
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
  report: ToldReport,
  store: ObjectStore,
  { prefix }: ObjectStoreLocation,
  { params, signal }: Context,
  { home, clock }: SnapshotOptions,
  { seictl }: EarlierUploads,
): Promise<void> => {
  const { maxAgeSeconds } = params;
  if (maxAgeSeconds === undefined) return;
  const chainId = await readChainId(home, signal);
  const listed = await newestUpload(store, prefix, chainId, signal);
  const question = { prefix, height: seictl?.height ?? 0, last: seictl, now: clock.now() };
  const bySeictl = await findSeictlArchive(store, question, signal);
  const newest =
    bySeictl === undefined || (listed !== undefined && listed.at > bySeictl.at)
      ? listed
      : { where: store.describe(bySeictl.key), at: bySeictl.at };
  const nearby = newest === undefined ? await snapshotsNearby(store, prefix, { chainId, signal, above: true }) : [];
  const why = [report.message, didYouMean(nearby, params)];
  refuseOldUpload({
    maxAgeSeconds,
    newest,
    now: clock.now(),
    place: store.describe(prefix),
    why: why.filter((part) => part !== undefined).join('; '),
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
): Promise<UploadEnd | undefined> => {
  const { height, createdAt, sha256 } = proofSchema.parse(proof);
  if (createdAt === undefined)
    return (await latestHeight(store, prefix, signal)) === height ? { report: withMessage(report) } : undefined;
  const manifest = await readManifest(store, prefix, height, signal);
  if (manifest?.createdAt !== createdAt || manifest.sha256 !== sha256) return undefined;
  await advanceLatest(store, prefix, height, signal);
  return { report: withMessage(report), newest: { height, key: manifest.key, at: Date.parse(createdAt) } };
};
