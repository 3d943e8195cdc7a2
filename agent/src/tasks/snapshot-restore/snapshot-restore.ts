import { createHash } from 'node:crypto';
import { chown, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText, type SnapshotRestoreParams, TaskError } from '@nodetask/shared';
import { archiveError } from '../../archive/archive-error.ts';
import { codecParallelism } from '../../archive/codecs.ts';
import type { BufferPool } from '../../buffer-pool.ts';
import type { TaskContext, TaskHandler, TaskReport, ToldReport } from '../../engine/task-handler.ts';
import { databasesOf } from '../../node/databases.ts';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { findConfigFolder, type NodeHome } from '../../node/node-home.ts';
import type { SnapshotsFolder } from '../../node/node-paths.ts';
import type { RunningNodeOptions } from '../../node/running-node.ts';
import { hasMarker } from '../../node/seictl-files.ts';
import { readVolumeSpace, type VolumeSpace } from '../../node/volume-space.ts';
import { readSnapshotHeight } from '../../node/snapshot-height.ts';
import type { ObjectStoreLocation } from '../../objectstore/location.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { integrityDoubts } from '../../objectstore/integrity-doubts.ts';
import { nothingDone } from '../nothing-done.ts';
import { commitPlace, openSnapshots } from '../snapshot/open-snapshots.ts';
import {
  commitRestore,
  isCommitted,
  newFolderName,
  readMarker,
  type RestoreMarker,
} from '../snapshot/restore-commit.ts';
import { type SnapshotOptions, snapshotHandler } from '../snapshot/snapshot-handler.ts';
import { readSnapshots } from '../snapshot/local-snapshots.ts';
import { notePlace } from '../snapshot/restore-places.ts';
import { scratchName, snapshotHeights } from '../snapshot/snapshots-folder.ts';
import { checkSnapshots } from './check-snapshots.ts';
import { diskBudget } from './disk-budget.ts';
import { checkPlace, refuseMoved } from './check-place.ts';
import { checkNodeChain, checkNodeStopped } from './check-target.ts';
import { findSnapshot, type FoundSnapshot } from './find-snapshot.ts';
import { removeTree } from './remove-tree.ts';
import { TreeSync } from './sync-tree.ts';
import { unpackInThread } from './unpack-in-thread.ts';

export interface SnapshotRestoreOptions extends SnapshotOptions, RunningNodeOptions {
  /** The space of the volume of a folder; default: what its file system says. */
  readonly volumeSpace?: (folder: string) => Promise<VolumeSpace>;
}

/** Who cancels waits for the end; what is left is removed by the next task or the next start. */
const cleanUpBudgetMs = 1_000;

/**
 * snapshot-restore: finds a snapshot, downloads, verifies and unpacks it in one pass into a folder beside the node's snapshots, and puts that into
 * their place when all of it is right and on disk. Until then the old snapshots stay, and an error changes nothing. From then on the outcome is
 * `changed`, whatever fails or is killed. Output: `{reason?, height, key, bytes, sha256, metadata?, chainVerified?, durationMs}`.
 */
export const snapshotRestore = (options: SnapshotRestoreOptions): TaskHandler<SnapshotRestoreParams> =>
  snapshotHandler(
    options,
    (store, location, context) => restore(store, location, context, options),
    (_, _location, context, { report }) => finishRestore(context, options, report),
  );

type Context = TaskContext<SnapshotRestoreParams>;

const restore = async (
  store: ObjectStore,
  location: ObjectStoreLocation,
  context: Context,
  options: SnapshotRestoreOptions,
): Promise<ToldReport> => {
  const { params, signal, logger } = context;
  const begun = options.clock.monotonic();
  const snapshots = await openSnapshots(options.home, logger, options.afterStep);
  const { parent: data } = snapshots;
  const place = { ...commitPlace(options.home, snapshots), afterStep: options.afterStep };
  const wanted = canonicalParams(location, params);
  const needsMetadata = await isOfSDK(options.home);
  const report = (
    outcome: TaskReport['outcome'],
    { height, key, bytes, sha256, hasMetadata, chainVerified }: RestoreMarker,
    warnings: readonly string[] = [],
  ): ToldReport => ({
    outcome,
    ...(outcome === 'unchanged' ? { reason: 'already-restored' } : {}),
    message:
      outcome === 'unchanged'
        ? `height ${height} was restored before and is there, ${bytesText(bytes)}`
        : `restored height ${height}, ${bytesText(bytes)}`,
    numbers: { height, bytes },
    output: {
      ...(outcome === 'unchanged' ? { reason: 'already-restored' } : {}),
      height,
      key,
      bytes,
      sha256,
      ...(hasMetadata === undefined ? {} : { metadata: hasMetadata ? 'present' : 'missing' }),
      ...(chainVerified === undefined ? {} : { chainVerified }),
      durationMs: Math.round(options.clock.monotonic() - begun),
    },
    warnings: [
      ...(chainVerified === 'archive-unproven' ? [`nothing proves that the archive is of ${params.chainId}`] : []),
      ...(hasMetadata === false && needsMetadata ? [withoutMetadata] : []),
      ...warnings,
    ],
  });
  const last = await readMarker(place);
  // This very run did it, and was killed before its end was journalled.
  const isOwn = last?.by?.task === context.id && last.by.run === context.run;
  if (last?.params === wanted && (isOwn || !params.force) && (await isStillThere(snapshots, last, context, options))) {
    return report(isOwn ? 'changed' : 'unchanged', last);
  }
  await checkPlace(options.home, snapshots);
  const hasGenesis = await checkNodeChain(options.home, params.chainId, signal);
  if (last === undefined && !params.force && (await isRestoredBySeictl(options.home, snapshots))) {
    const height = await readSnapshotHeight(options.home);
    return nothingDone('done-by-seictl', restoredBySeictl, height === undefined ? {} : { height });
  }
  await checkNodeStopped(options, params, signal);
  const found = await findSnapshot(store, location.prefix, params, signal);
  const fresh = join(data, newFolderName);
  await makeParent(options.home, snapshots);
  try {
    const { sha256, hasMetadata, doubts } = await unpack(store, found, data, fresh, context, options);
    const { height, object } = found;
    const marker: RestoreMarker = {
      version: 1,
      params: wanted,
      height,
      key: object.key,
      bytes: object.bytes,
      sha256,
      by: { task: context.id, run: context.run },
      hasMetadata,
      chainVerified: !found.isProven ? 'archive-unproven' : hasGenesis ? 'verified' : 'genesis-missing',
    };
    // It may have been started while the archive came.
    const running = await checkNodeStopped(options, params, signal);
    await refuseMoved(options.home, snapshots);
    const warnings = [
      ...doubts,
      ...found.doubts,
      ...(found.sha256 === undefined ? integrityDoubts('archive', object) : []),
      ...(running === undefined ? [] : [running]),
    ];
    context.pledge({ report: report('changed', marker, warnings), proof: {} });
    const unfinished = await commitRestore(place, marker, logger);
    logger.info('restored snapshot', { height, key: object.key, bytes: object.bytes, sha256 });
    return report('changed', marker, [
      ...warnings,
      ...(unfinished === undefined ? [] : [`the snapshots are in place, but ${unfinished.message}`]),
    ]);
  } catch (error) {
    // A restore that counts is completed by the next task or the next start, not undone.
    if (!(await isCommitted(place)))
      await removeTree(fresh, signal.aborted ? options.clock.monotonic() + cleanUpBudgetMs : Infinity, options.clock);
    throw error;
  }
};

/** Completes what was interrupted, and sees by its marker whether this very run exchanged the snapshots. */
const finishRestore = async (
  { id, run, logger }: Context,
  { home, afterStep }: SnapshotRestoreOptions,
  report: TaskReport,
): Promise<TaskReport | undefined> => {
  const by = (await readMarker(commitPlace(home, await openSnapshots(home, logger, afterStep))))?.by;
  return by?.task === id && by.run === run ? report : undefined;
};

/** seictl left no params to compare: what is there stays, as it did under seictl. */
const isRestoredBySeictl = async (home: NodeHome, { path }: SnapshotsFolder): Promise<boolean> =>
  (await hasMarker(home, 'snapshot-restore')) &&
  ((await snapshotHeights(path)).length > 0 || (await databasesOf(home)).length > 0);

const restoredBySeictl =
  'seictl restored a snapshot here, and which one was not compared with the params: set force to replace the snapshots of the node';

const withoutMetadata =
  'the archive has no metadata.db: a node of the Cosmos SDK does not list the snapshot, and can neither restore it nor give it to others';

/** Nodes of the Cosmos SDK have an app.toml, and those of CometBFT alone have none. */
const isOfSDK = async (home: NodeHome): Promise<boolean> => {
  const folder = await findConfigFolder(home);
  if (folder === undefined) return false;
  try {
    await lstat(join(folder, 'app.toml'));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError('look at', join(folder, 'app.toml'), error);
  }
};

/** Whether the snapshot of the last restore is there and complete. What cannot be read is not: a restore replaces it. */
const isStillThere = async (
  { path, parent }: SnapshotsFolder,
  { height }: RestoreMarker,
  { signal, logger }: Context,
  { home, clock }: SnapshotRestoreOptions,
): Promise<boolean> => {
  try {
    const scratch = join(parent, scratchName);
    await using snapshots = await readSnapshots(path, { home, clock, signal, logger }, scratch);
    return snapshots.complete.includes(height);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    logger.warn('the snapshots of the last restore cannot be read any more', { error });
    return false;
  }
};

const isStoreError = (error: unknown): boolean =>
  error instanceof TaskError &&
  (error.code === 'snapshot-store-unsupported' || error.code === 'snapshot-store-invalid');

interface Unpacked {
  readonly sha256: string;
  readonly hasMetadata: boolean;
  readonly doubts: readonly string[];
}

/** Unpacks into `fresh` and answers what it was, when everything has been checked and is on disk. */
const unpack = async (
  store: ObjectStore,
  found: FoundSnapshot,
  data: string,
  fresh: string,
  context: Context,
  options: SnapshotRestoreOptions,
): Promise<Unpacked> => {
  const { signal } = context;
  const { object, height } = found;
  const space = await (options.volumeSpace ?? readVolumeSpace)(data);
  // A manifest may say anything; an archive that is larger than what it unpacks to would be read for nothing.
  const budget = diskBudget(data, space, Math.max(object.bytes, found.unpackedBytes ?? 0));
  await makeFolder(fresh);
  const hash = createHash('sha256');
  await using sync = new TreeSync(fresh, signal);
  let downloaded = 0;
  async function* archive(buffers: BufferPool): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of store.download(object, { signal, buffers, isHashed: found.sha256 !== undefined })) {
      hash.update(chunk);
      downloaded += chunk.length;
      sync.written(downloaded);
      context.progress({ stage: 'download', done: downloaded, total: object.bytes, unit: 'bytes' });
      yield chunk;
    }
  }
  const owner = await ownerFor(data);
  if (owner !== undefined) await chown(fresh, owner.uid, owner.gid);
  const { compression } = found;
  // Some more: the thread that starts them also writes, and does not start the next meanwhile.
  const parallel = codecParallelism(options.cpus) + 3;
  await unpackInThread(archive, { root: fresh, compression, parallel, budget, owner }, signal);
  options.afterStep?.('unpacked');
  if (downloaded !== object.bytes) {
    throw archiveError(`is over after ${downloaded} of ${object.bytes} bytes, and something else follows`);
  }
  const sha256 = hash.digest('hex');
  checkHash(store.describe(object.key), found.sha256, sha256);
  const checked = await checkSnapshots(fresh, height, owner, context, options);
  context.progress({ stage: 'sync', done: 0, unit: 'files' });
  await sync.finish();
  options.afterStep?.('synced');
  return { sha256, ...checked };
};

const checkHash = (where: string, expected: string | undefined, actual: string): void => {
  if (expected === undefined || expected === actual) return;
  throw new TaskError(
    'hash-mismatch',
    `${where} has the SHA-256 ${actual}, and ${expected} is expected; nothing was changed: somebody may have replaced it`,
  );
};

/** Which snapshot the params ask for: a restore with other ones is another restore. */
const canonicalParams = (
  location: ObjectStoreLocation,
  { chainId, targetHeight, sha256 }: SnapshotRestoreParams,
): string => {
  const { bucket, prefix, region, endpoint } = location;
  return JSON.stringify({ bucket, prefix, region, endpoint, chainId, targetHeight, sha256 });
};

/** Makes the folder in which the snapshots are to be, and notes it if it is not the usual one. */
const makeParent = async (home: NodeHome, snapshots: SnapshotsFolder): Promise<void> => {
  try {
    await mkdir(snapshots.parent, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw fileError('create', snapshots.parent, error);
  }
  if (snapshots.movedBy !== undefined) await notePlace(home, snapshots);
};

const makeFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path, 0o755);
  } catch (error) {
    throw fileError('create', path, error);
  }
};

/** Only root can give files away, and the node may run as another user. */
const ownerFor = async (data: string): Promise<{ readonly uid: number; readonly gid: number } | undefined> => {
  if (process.geteuid?.() !== 0) return undefined;
  const { uid, gid } = await lstat(data);
  return uid === 0 && gid === 0 ? undefined : { uid, gid };
};
