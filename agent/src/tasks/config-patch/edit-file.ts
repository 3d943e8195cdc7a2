import { closeSync, constants, fstatSync, openSync, readSync, type Stats, writeSync } from 'node:fs';
import { type PatchableFile, TaskError } from '@nodetask/shared';
import { fileError } from '../../node/file-errors.ts';
import { type Skeleton, SkeletonReader, SkeletonTooLargeError, type Span } from '../../node/json/json-skeleton.ts';
import { NotUtf8Error, Utf8Check } from '../../node/json/utf8-check.ts';
import { JsonSyntaxError, JsonTokens } from '../../node/json/json-tokens.ts';
import { type EditedText, editText } from './edit-text.ts';
import { parseKeyPath } from './key-path.ts';
import { wantedMembers } from './wanted-members.ts';

/** A JSON file of any size, and what is to become of it. Plain data, which a thread can be sent. */
export interface FileEditJob {
  readonly name: PatchableFile;
  readonly path: string;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  readonly maxBytes: number;
  /** An empty file for the new content; absent: nothing is written. */
  readonly temporary?: string | undefined;
}

export interface EditedFile extends Omit<EditedText, 'after'> {
  /** Whether the new content differs from the old one; only then is it in the temporary file. */
  readonly isChanged: boolean;
}

/** What a patch looks at must fit into memory, parsed. */
const maxSkeletonBytes = 1024 * 1024;
const pieceBytes = 1024 * 1024;

/**
 * Merges a patch into a JSON file in memory that does not grow with it: the file is read once for its skeleton, that is edited as a small file
 * is, and what it leaves out is copied byte for byte. The whole document has been checked before anything is written, and what is written is
 * checked again. Throws TaskError. It works synchronously, so it belongs into a thread of its own.
 */
export const editFile = async (job: FileEditJob): Promise<EditedFile> => {
  const file = openFile(job.path);
  try {
    const stat = fstatSync(file);
    refuseUnreadable(job, stat);
    const skeleton = readSkeleton(job, file);
    const { name, patch, remove } = job;
    const { after, ...edited } = await editText({ name, before: skeleton.text, patch, remove });
    const isChanged = after !== skeleton.text;
    if (isChanged && job.temporary !== undefined) write(job.temporary, skeleton.fill(after), file);
    if (!isSame(stat, fstatSync(file))) {
      throw new TaskError('file-changed', `${job.path} changed while it was read; nothing was written: try again`);
    }
    return { ...edited, isChanged };
  } catch (error) {
    throw fileError('edit', job.path, error);
  } finally {
    closeSync(file);
  }
};

const openFile = (path: string): number => {
  try {
    // O_NONBLOCK: a FIFO put in the file's place must not block the open for ever.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError('read', path, error);
  }
};

const refuseUnreadable = ({ path, maxBytes }: FileEditJob, stat: Stats): void => {
  if (!stat.isFile()) {
    throw new TaskError('file-invalid', `${path} is not a regular file: remove it and write it anew`);
  }
  if (stat.size > maxBytes) {
    throw new TaskError(
      'file-invalid',
      `${path} has ${stat.size} bytes, and this task reads at most ${maxBytes}: edit the file by hand`,
    );
  }
};

const readSkeleton = ({ name, path, patch, remove }: FileEditJob, file: number): Skeleton => {
  const reader = new SkeletonReader(wantedMembers(patch, remove.map(parseKeyPath)), maxSkeletonBytes);
  const utf8 = new Utf8Check();
  try {
    for (const piece of piecesOf(file, { start: 0, end: Number.MAX_SAFE_INTEGER })) {
      utf8.write(piece);
      reader.write(piece);
    }
    utf8.end();
    return reader.end();
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      throw new TaskError(
        'file-invalid',
        `${name}:${error.line}:${error.column}: not JSON: ${error.message}; correct the file there`,
        { cause: error },
      );
    }
    if (error instanceof SkeletonTooLargeError) {
      throw new TaskError(
        'file-invalid',
        `${path}: what the patch replaces, and what stands beside it, has more than the ${maxSkeletonBytes} bytes that this task takes into memory: remove the value in a task before this one, or edit the file by hand`,
        { cause: error },
      );
    }
    if (error instanceof NotUtf8Error) {
      throw new TaskError('file-invalid', `${path} is not UTF-8 text: restore it from a backup or write it anew`, {
        cause: error,
      });
    }
    throw error;
  }
};

/** The bytes of a span, or those up to the end of the file. A piece is only valid until the next one is asked for. */
function* piecesOf(file: number, { start, end }: Span): Generator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - start));
  for (let at = start; at < end;) {
    const bytes = readSync(file, buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytes === 0) return;
    yield buffer.subarray(0, bytes);
    at += bytes;
  }
}

const write = (temporary: string, parts: Iterable<string | Span>, source: number): void => {
  const target = openSync(temporary, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW);
  // What another program writes into the source meanwhile must not make a document that is none.
  const check = new JsonTokens(unheard);
  try {
    for (const part of parts) {
      for (const piece of typeof part === 'string' ? [Buffer.from(part)] : piecesOf(source, part)) {
        check.write(piece);
        for (let at = 0; at < piece.length;) at += writeSync(target, piece, at);
      }
    }
    check.end();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new TaskError('file-changed', 'the file changed while it was read; nothing was written: try again', {
      cause: error,
    });
  } finally {
    closeSync(target);
  }
};

const unheard = {
  keyStart: () => undefined,
  keyEnd: () => undefined,
  valueStart: () => undefined,
  valueEnd: () => undefined,
};

const isSame = (a: Stats, b: Stats): boolean => a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
