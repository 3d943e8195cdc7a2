import { closeSync, constants, fchmodSync, fchownSync, openSync, writeSync } from 'node:fs';
import { chmod, chown, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { archiveError } from '../../archive/archive-error.ts';
import { quoteName } from '../../archive/entry-path.ts';
import type { TarEvent } from '../../archive/read-tar.ts';
import { fileError } from '../../node/file-errors.ts';
import type { DiskBudget } from './disk-budget.ts';
import { JobPool } from './job-pool.ts';

export interface UnpackOptions {
  readonly budget: DiskBudget;
  /** To give the files to; absent: they stay the agent's own. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly signal: AbortSignal;
}

/** Files up to this size are written at once; larger ones in pieces, as they come. */
const smallBytes = 256 * 1024;
const poolLimits = { jobs: 6, bytes: 8 * 1024 * 1024 };
/** What a small file takes at least, on the file systems in use. */
const blockBytes = 4096;
/** Each is remembered, for its mode and for what is put into it. */
const maxFolders = 100_000;

/**
 * Writes the files and folders of an archive into an empty folder that nobody else writes to. Every entry is created anew: one that is there
 * twice, or a file that serves as a folder, is `snapshot-invalid`. Rejects with `disk-full` before the budget is used up. Modes are kept
 * (of a folder, the owner's access is added), without set-user-ID and the like.
 */
export const unpackTree = async (
  events: AsyncIterable<TarEvent>,
  root: string,
  options: UnpackOptions,
): Promise<void> => {
  const writer = new TreeWriter(root, options);
  try {
    for await (const event of events) {
      options.signal.throwIfAborted();
      switch (event.kind) {
        case 'directory':
          await writer.folder(event.segments, event.mode);
          break;
        case 'file':
          await writer.file(event.segments, event.mode, event.bytes);
          break;
        case 'data':
          await writer.data(event.chunk);
          break;
        default:
          event satisfies never;
          throw new Error('unknown event of an archive');
      }
    }
    await writer.end();
  } finally {
    await writer.close();
  }
};

interface OpenFile {
  readonly path: string;
  readonly mode: number;
  readonly bytes: number;
  /** Of a small file, until it is complete. */
  readonly chunks: Buffer[];
  /** Of a large file. */
  readonly handle: FileHandle | undefined;
  readonly writes: Promise<void>[];
  arrived: number;
}

class TreeWriter {
  readonly #root: string;
  readonly #options: UnpackOptions;
  readonly #pool = new JobPool(poolLimits);
  /** Folders below the root that exist, with the mode that they get in the end. */
  readonly #folders = new Map<string, number>();
  readonly #handles = new Set<FileHandle>();
  #file: OpenFile | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(root: string, options: UnpackOptions) {
    this.#root = root;
    this.#options = options;
  }

  async folder(segments: readonly string[], mode: number): Promise<void> {
    // One that is there already costs no space, and time all the same.
    if (this.#isThere(segments)) this.#spend(0);
    else await this.#ensureFolder(segments);
    if (segments.length > 0) this.#folders.set(segments.join('/'), mode | 0o700);
  }

  async file(segments: readonly string[], mode: number, bytes: number): Promise<void> {
    await this.#ensureFolder(segments.slice(0, -1));
    this.#spend(Math.ceil(bytes / blockBytes) * blockBytes);
    const path = segments.join('/');
    const handle = bytes > smallBytes ? await this.#open(path) : undefined;
    this.#file = { path, mode, bytes, chunks: [], handle, writes: [], arrived: 0 };
    if (bytes === 0) await this.#finishFile(this.#file);
  }

  async data(chunk: Buffer): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error('data without a file');
    const at = file.arrived;
    file.arrived += chunk.length;
    const { handle } = file;
    if (handle === undefined) {
      file.chunks.push(chunk);
    } else {
      const { end } = await this.#pool.add(chunk.length, () => this.#write(handle, file.path, chunk, at));
      file.writes.push(end);
    }
    if (file.arrived === file.bytes) await this.#finishFile(file);
  }

  async end(): Promise<void> {
    await this.#pool.drain();
    // From the innermost: a folder that loses its write permission must be full by then.
    for (const [path, mode] of [...this.#folders].toReversed()) {
      await this.#try('set the mode of', path, async (full) => {
        const { owner } = this.#options;
        if (owner !== undefined) await chown(full, owner.uid, owner.gid);
        await chmod(full, mode);
      });
    }
  }

  /** Ends what is under way and closes files, whatever happened. */
  async close(): Promise<void> {
    await this.#pool.settle();
    for (const handle of this.#handles) await handle.close();
    this.#handles.clear();
  }

  async #finishFile(file: OpenFile): Promise<void> {
    this.#file = undefined;
    const { handle } = file;
    if (handle === undefined) {
      this.#writeSmall(file);
      return;
    }
    // The pieces are written by jobs of their own, which this one only waits for.
    await this.#pool.add(0, async () => {
      await Promise.all(file.writes);
      await this.#try('set the mode of', file.path, async () => {
        const { owner } = this.#options;
        if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
        if (file.mode !== createMode) await handle.chmod(file.mode);
        this.#handles.delete(handle);
        await handle.close();
      });
    });
  }

  /**
   * On the main thread: this goes to the page cache in some ten microseconds, and for each of thousands of files four ways through the thread
   * pool cost ten times as much. Between blocks of the archive everything else gets its turn.
   */
  #writeSmall({ path, mode, chunks }: OpenFile): void {
    const full = join(this.#root, path);
    try {
      const file = openSync(full, createFlags, createMode);
      try {
        for (const chunk of chunks) {
          for (let from = 0; from < chunk.length;) from += writeSync(file, chunk, from);
        }
        const { owner } = this.#options;
        if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
        if (mode !== createMode) fchmodSync(file, mode);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw writeError('write', full, path, error);
    }
  }

  async #open(path: string): Promise<FileHandle> {
    const handle = await this.#try('create', path, (full) => open(full, createFlags, createMode));
    this.#handles.add(handle);
    return handle;
  }

  async #write(handle: FileHandle, path: string, chunk: Buffer, position: number): Promise<void> {
    await this.#try('write', path, async () => {
      for (let from = 0; from < chunk.length;) {
        const { bytesWritten } = await handle.write(chunk, from, chunk.length - from, position + from);
        from += bytesWritten;
      }
    });
  }

  async #ensureFolder(segments: readonly string[]): Promise<void> {
    // Nearly always it is there.
    if (this.#isThere(segments)) return;
    await this.#ensureFolder(segments.slice(0, -1));
    this.#spend(blockBytes);
    const path = segments.join('/');
    await this.#try('create', path, (full) => mkdir(full, 0o700));
    this.#folders.set(path, 0o755);
    if (this.#folders.size > maxFolders) throw archiveError(`has more than ${maxFolders} folders`);
  }

  #isThere(segments: readonly string[]): boolean {
    return segments.length === 0 || this.#folders.has(segments.join('/'));
  }

  #spend(bytes: number): void {
    const { budget } = this.#options;
    this.#entries += 1;
    this.#bytes += bytes;
    if (this.#entries > budget.entries) throw archiveError(`has more than ${budget.entries} files and folders`);
    if (this.#bytes > budget.bytes) {
      throw new TaskError(
        'disk-full',
        `the archive unpacks to more than the ${budget.bytes} bytes that ${this.#root} may use; nothing was changed: free space on the node's volume or enlarge it`,
      );
    }
  }

  async #try<T>(operation: string, path: string, work: (full: string) => Promise<T>): Promise<T> {
    const full = join(this.#root, path);
    try {
      return await work(full);
    } catch (error) {
      throw writeError(operation, full, path, error);
    }
  }
}

const createMode = 0o600;
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

const writeError = (operation: string, full: string, path: string, error: unknown): TaskError =>
  isTaken(error)
    ? archiveError(`has ${quoteName(path)} twice, or a file in the place of a folder`, error)
    : fileError(operation, full, error);

/** Nobody else writes here: what is in the way came from the archive. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(String(error.code));
