import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { bytesText, TaskError } from '@nodetask/shared';
import { archiveError } from '../../archive/archive-error.ts';
import { quoteName } from '../../archive/entry-path.ts';
import type { TarEvent } from '../../archive/read-tar.ts';
import { fileError } from '../../node/file-errors.ts';
import type { DiskBudget } from './disk-budget.ts';

export interface UnpackOptions {
  readonly budget: DiskBudget;
  /** To give the files to; absent: they stay the agent's own. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** What a small file takes at least, on the file systems in use. */
const blockBytes = 4096;
/** Each is remembered, for its mode and for what is put into it. */
const maxFolders = 100_000;
/** Characters of their paths. Of 100,000 with the longest names that there are they would be 400 MB. */
const maxFolderNames = 16 * 1024 * 1024;

/**
 * Writes the files and folders of an archive into an empty folder that nobody else writes to. Every entry is created anew: one that is there
 * twice, or a file that serves as a folder, is `snapshot-invalid`. Rejects with `disk-full` before the budget is used up. Modes are kept
 * (of a folder, the owner's access is added), without set-user-ID and the like. Writes synchronously, so it belongs into a thread of its own:
 * a way through the thread pool for each call on each of thousands of files costs more than the work.
 */
export const unpackTree = async (
  events: AsyncIterable<TarEvent>,
  root: string,
  options: UnpackOptions,
): Promise<void> => {
  const writer = new TreeWriter(root, options);
  try {
    for await (const event of events) {
      switch (event.kind) {
        case 'directory':
          writer.folder(event.segments, event.mode);
          break;
        case 'file':
          writer.file(event.segments, event.mode, event.bytes);
          break;
        case 'data':
          writer.data(event.chunk);
          break;
        default:
          event satisfies never;
          throw new Error('unknown event of an archive');
      }
    }
    writer.end();
  } finally {
    writer.close();
  }
};

interface OpenFile {
  readonly path: string;
  readonly mode: number;
  readonly descriptor: number;
  /** Bytes that have not come yet. */
  missing: number;
}

class TreeWriter {
  readonly #root: string;
  readonly #options: UnpackOptions;
  /** Folders below the root that exist, with the mode that they get in the end. */
  readonly #folders = new Map<string, number>();
  readonly #keptModes = new Map<number, boolean>();
  #file: OpenFile | undefined;
  #folderNames = 0;
  #entries = 0;
  #bytes = 0;

  constructor(root: string, options: UnpackOptions) {
    this.#root = root;
    this.#options = options;
  }

  folder(segments: readonly string[], mode: number): void {
    // One that is there already costs no space, and time all the same.
    if (this.#isThere(segments)) this.#spend(0);
    else this.#ensureFolder(segments);
    if (segments.length > 0) this.#folders.set(segments.join('/'), mode | 0o700);
  }

  file(segments: readonly string[], mode: number, bytes: number): void {
    this.#ensureFolder(segments.slice(0, -1));
    this.#spend(Math.ceil(bytes / blockBytes) * blockBytes);
    const path = segments.join('/');
    const descriptor = this.#try('create', path, (full) => openSync(full, createFlags, mode));
    this.#file = { path, mode, descriptor, missing: bytes };
    if (bytes === 0) this.#finish(this.#file);
  }

  data(chunk: Buffer): void {
    const file = this.#file;
    if (file === undefined) throw new Error('data without a file');
    this.#try('write', file.path, () => {
      for (let from = 0; from < chunk.length;) from += writeSync(file.descriptor, chunk, from);
    });
    file.missing -= chunk.length;
    if (file.missing === 0) this.#finish(file);
  }

  end(): void {
    const { owner } = this.#options;
    // From the innermost: a folder that loses its write permission must be full by then.
    for (const [path, mode] of [...this.#folders].toReversed()) {
      this.#try('set the mode of', path, (full) => {
        if (owner !== undefined) chownSync(full, owner.uid, owner.gid);
        chmodSync(full, mode);
      });
    }
  }

  /** Closes what is open, whatever happened. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
  }

  #finish({ path, mode, descriptor }: OpenFile): void {
    const { owner } = this.#options;
    this.#try('set the mode of', path, () => {
      if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
      if (!this.#isKept(mode, descriptor)) fchmodSync(descriptor, mode);
    });
    this.close();
  }

  /** Whether a file that is created with a mode has it: the umask or an ACL may take something off. Looked at once for each mode. */
  #isKept(mode: number, descriptor: number): boolean {
    const known = this.#keptModes.get(mode);
    if (known !== undefined) return known;
    const isKept = (fstatSync(descriptor).mode & 0o7777) === mode;
    this.#keptModes.set(mode, isKept);
    return isKept;
  }

  #ensureFolder(segments: readonly string[]): void {
    // Nearly always it is there.
    if (this.#isThere(segments)) return;
    this.#ensureFolder(segments.slice(0, -1));
    this.#spend(blockBytes);
    const path = segments.join('/');
    this.#try('create', path, (full) => {
      mkdirSync(full, 0o700);
    });
    this.#folders.set(path, 0o755);
    this.#folderNames += path.length;
    if (this.#folders.size > maxFolders) throw archiveError(`has more than ${maxFolders} folders`);
    if (this.#folderNames > maxFolderNames) {
      throw archiveError(`has folders whose paths have more than ${maxFolderNames} characters together`);
    }
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
        `the archive unpacks to more than the ${bytesText(budget.bytes)} that ${this.#root} may use; nothing was changed: free space on the node's volume or enlarge it`,
      );
    }
  }

  #try<T>(operation: string, path: string, work: (full: string) => T): T {
    const full = join(this.#root, path);
    try {
      return work(full);
    } catch (error) {
      throw writeError(operation, full, path, error);
    }
  }
}

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

const writeError = (operation: string, full: string, path: string, error: unknown): TaskError =>
  isTaken(error)
    ? archiveError(`has ${quoteName(path)} twice, or a file in the place of a folder`, error)
    : fileError(operation, full, error);

/** Nobody else writes here: what is in the way came from the archive. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(String(error.code));
