import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, type JsonObject, type Logger, TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { findDataFolder, type NodeHome } from '../../node/node-home.ts';
import { faultOfEntry, faultOfFolder } from './chunk-files.ts';
import { copyStore } from './metadata-store/copy-store.ts';
import { listStore, selectFromStore } from './metadata-store/run-store-process.ts';
import { refuseOtherBackend, unsupportedStore } from './metadata-store/store-backend.ts';
import type { StoreEntry } from './metadata-store/store-entry.ts';
import { openSnapshots } from './open-snapshots.ts';
import { removeFolder } from './remove-folder.ts';
import { isFolder, metadataName, scratchName, snapshotHeights } from './snapshots-folder.ts';

/** An entry of metadata.db, and why its snapshot is not complete on disk; without a fault all of its chunks are there. */
export interface JudgedEntry extends StoreEntry {
  readonly fault?: string;
}

/** A height that is not complete, with why. */
export interface SkippedHeight {
  readonly height: number;
  readonly why: string;
}

export interface ReadOptions {
  readonly home: NodeHome;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** False: a metadata.db that is of another database than LevelDB is as good as none, and a doubt. Default: it is an error. */
  readonly needsStore?: boolean;
  /** Called after each step that a crash could follow; tests end the process in it. */
  readonly afterStep?: ((step: string) => void) | undefined;
}

/**
 * The snapshots of a node, as every task sees them. Call it with `snapshotsLock` held: it completes or undoes an interrupted restore first.
 * Dispose of the answer: a copy of metadata.db belongs to it.
 */
export const readNodeSnapshots = async (options: ReadOptions): Promise<LocalSnapshots> => {
  const { path, parent } = await openSnapshots(options.home, options.logger, options.afterStep);
  // The agent may have no right to write beside snapshots that are not in data/.
  const scratch = join((await findDataFolder(options.home)) ?? parent, scratchName);
  return readSnapshots(path, options, scratch);
};

/**
 * Reads a folder of snapshots. A height is complete if metadata.db lists it and all of its chunks are there. Without a metadata.db, as with
 * CometBFT's own applications, the chunks alone tell. `scratch` is a folder that is made for the copy of metadata.db.
 */
export const readSnapshots = async (
  folder: string,
  options: ReadOptions,
  scratch = join(dirname(folder), scratchName),
): Promise<LocalSnapshots> => {
  const snapshots = await readAll(folder, options, scratch);
  const { skipped } = snapshots;
  if (skipped.length > 0) options.logger.warn('there are snapshots that are not complete', { folder, skipped });
  return snapshots;
};

const readAll = async (folder: string, options: ReadOptions, scratch: string): Promise<LocalSnapshots> => {
  const heights = await snapshotHeights(folder);
  try {
    const listed = await readStore(folder, scratch, options);
    return listed === undefined
      ? await judgeFolders(folder, heights, [])
      : await judgeEntries(folder, heights, listed, scratch);
  } catch (error) {
    await removeFolder(scratch);
    const isOther = error instanceof TaskError && error.code === 'snapshot-store-unsupported';
    if (!isOther || options.needsStore !== false) throw error;
    return judgeFolders(folder, heights, [
      `which snapshots are complete was judged by their files alone: ${error.message}`,
    ]);
  }
};

const judgeFolders = async (
  folder: string,
  heights: readonly number[],
  doubts: readonly string[],
): Promise<LocalSnapshots> => {
  const skipped: SkippedHeight[] = [];
  for (const height of heights) skipped.push(...skip(height, await faultOfFolder(folder, height)));
  return new LocalSnapshots({ folder, heights, skipped, doubts });
};

const judgeEntries = async (
  folder: string,
  heights: readonly number[],
  entries: readonly StoreEntry[],
  scratch: string,
): Promise<LocalSnapshots> => {
  const listed: JudgedEntry[] = [];
  for (const entry of entries.toSorted(inOrderOfTrial)) {
    const fault = heights.includes(entry.height)
      ? await faultOfEntry(folder, entry)
      : `metadata.db lists it, and its folder ${entry.height} is missing`;
    listed.push(fault === undefined ? entry : { ...entry, fault });
  }
  const complete = new Set(listed.filter(({ fault }) => fault === undefined).map(({ height }) => height));
  const known = new Set(listed.map(({ height }) => height));
  const skipped = [
    ...listed.filter(({ height }) => !complete.has(height)).flatMap(({ height, fault }) => skip(height, fault)),
    ...heights
      .filter((height) => !known.has(height))
      .flatMap((height) => skip(height, 'metadata.db does not list it: the node has not completed it')),
  ];
  const odd = listed.find(({ chunks }) => chunks === undefined);
  const doubt = `metadata.db does not tell in the form of the SDK how many chunks snapshot ${odd?.height} has: a node may not be able to read it`;
  return new LocalSnapshots({ folder, heights, skipped, listed, scratch, doubts: odd === undefined ? [] : [doubt] });
};

const skip = (height: number, why: string | undefined): SkippedHeight[] => (why === undefined ? [] : [{ height, why }]);

/** The order in which a node tries them: the greatest height first, then the greatest format. */
const inOrderOfTrial = (a: StoreEntry, b: StoreEntry): number => b.height - a.height || b.format - a.format;

const copyName = 'copy';

/** Undefined if there is no metadata.db. The copy of it is left in `scratch`. */
const readStore = async (
  folder: string,
  scratch: string,
  { home, clock, signal, afterStep }: ReadOptions,
): Promise<readonly StoreEntry[] | undefined> => {
  const store = join(folder, metadataName);
  const kind = await kindOf(store);
  if (kind === undefined) return undefined;
  if (kind === 'file') throw unsupportedStore(`${store} is a file`);
  await refuseOtherBackend(home);
  await makeScratch(scratch);
  const copy = join(scratch, copyName);
  const isThere = await copyStore(store, copy, clock, signal);
  afterStep?.('store copied');
  return isThere ? listStore(copy, signal) : [];
};

/** Refuses a link, which is neither. */
const kindOf = async (path: string): Promise<'file' | 'folder' | undefined> => {
  try {
    const isFile = (await lstat(path)).isFile();
    if (isFile) return 'file';
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError('look at', path, error);
  }
  return (await isFolder(path)) ? 'folder' : undefined;
};

const makeScratch = async (scratch: string): Promise<void> => {
  await removeFolder(scratch);
  try {
    await mkdir(scratch, 0o700);
  } catch (error) {
    throw fileError('create', scratch, error);
  }
};

interface Contents {
  readonly folder: string;
  readonly heights: readonly number[];
  readonly skipped: readonly SkippedHeight[];
  readonly doubts: readonly string[];
  readonly listed?: readonly JudgedEntry[];
  readonly scratch?: string;
}

export class LocalSnapshots implements AsyncDisposable {
  readonly folder: string;
  /** All that have a folder, lowest first. */
  readonly heights: readonly number[];
  /** Those that a node can use, lowest first. */
  readonly complete: readonly number[];
  /** All that are not complete, highest first. */
  readonly skipped: readonly SkippedHeight[];
  /** What metadata.db lists, in the order in which a node tries it; undefined if there is none. */
  readonly listed: readonly JudgedEntry[] | undefined;
  /** Warnings for whoever relies on this. */
  readonly doubts: readonly string[];
  readonly #scratch: string | undefined;

  constructor({ folder, heights, skipped, doubts, listed, scratch }: Contents) {
    this.folder = folder;
    this.heights = heights;
    this.skipped = skipped.toSorted((a, b) => b.height - a.height);
    this.listed = listed;
    this.doubts = doubts;
    this.#scratch = scratch;
    const incomplete = new Set(skipped.map(({ height }) => height));
    this.complete = heights.filter((height) => !incomplete.has(height));
  }

  /**
   * Makes a metadata.db that lists, of the entries whose chunks are there, those of the heights, and nothing else. Answers its path, which
   * is good until this is disposed of. Call it at most once.
   */
  async selectStore(heights: readonly number[], signal: AbortSignal): Promise<string> {
    if (this.#scratch === undefined || this.listed === undefined) throw new Error('there is no metadata.db');
    const entries = this.listed.filter(({ height, fault }) => fault === undefined && heights.includes(height));
    const target = join(this.#scratch, metadataName);
    await selectFromStore(join(this.#scratch, copyName), target, entries, signal);
    return target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#scratch !== undefined) await removeFolder(this.#scratch);
  }
}

/** In an output: as many as a person reads. The log has all. */
const maxTold = 16;

/** What an output says of the heights that are not complete: nothing if there are none. */
export const tellSkipped = ({ skipped }: Pick<LocalSnapshots, 'skipped'>): JsonObject => {
  if (skipped.length === 0) return {};
  const told = skipped.slice(0, maxTold).map(({ height, why }) => ({ height, why }));
  return { skipped: told, ...(skipped.length > told.length ? { skippedMore: skipped.length - told.length } : {}) };
};
