import { closeSync, constants, fstatSync, openSync, read, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { type TreeEntry, vanished } from './walk-tree.ts';

/** Files up to this size are read whole, several ahead of the one that is packed. */
export const smallBytes = 256 * 1024;
const pieceBytes = 1024 * 1024;

/**
 * The content of a small file in `buffer`, exactly as `entry` describes it. Throws TaskError `file-changed` where the file is another one by
 * now. Only the read of the data, which may wait for the disk, leaves the main thread: what the rest needs was in memory a moment ago, and
 * for each of thousands of files a way through the thread pool costs more than the work.
 */
export const readSmall = async (entry: TreeEntry, buffer: Buffer): Promise<Buffer> => {
  const content = buffer.subarray(0, entry.stat.size);
  const file = openFile(entry);
  try {
    for (let filled = 0; filled < content.length;) {
      const { bytesRead } = await readAt(file, content, filled, content.length - filled, filled);
      if (bytesRead === 0) throw changed(entry.file);
      filled += bytesRead;
    }
    checkUnchanged(entry, fstatSync(file));
    return content;
  } catch (error) {
    throw fileError('read', entry.file, error);
  } finally {
    closeSync(file);
  }
};

const readAt = promisify(read);

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const openFile = (entry: TreeEntry): number => {
  try {
    return openSync(entry.file, flags);
  } catch (error) {
    throw openError(entry, error);
  }
};

const openError = ({ file }: TreeEntry, error: unknown): TaskError =>
  isMissing(error) ? vanished(file, error) : fileError('open', file, error);

/** For one file after the other: one piece is read while the other is packed. */
export const pieceBuffers = (): PieceBuffers => [
  Buffer.allocUnsafeSlow(pieceBytes),
  Buffer.allocUnsafeSlow(pieceBytes),
];

export type PieceBuffers = readonly [Buffer, Buffer];

/** The same for a file of any size, in pieces. A piece is only valid until the next one but one is asked for. */
export async function* readPieces(entry: TreeEntry, buffers: PieceBuffers): AsyncGenerator<Buffer, void, undefined> {
  const { size } = entry.stat;
  const file = await openUnchanged(entry);
  const readPiece = async (index: number): Promise<Buffer> => {
    const at = index * pieceBytes;
    const piece = buffers[index % 2 === 0 ? 0 : 1].subarray(0, Math.min(pieceBytes, size - at));
    await fill(file, piece, at, entry);
    return piece;
  };
  let next = readPiece(0);
  try {
    for (let index = 0; index * pieceBytes < size; index++) {
      const piece = await next;
      if ((index + 1) * pieceBytes < size) {
        next = readPiece(index + 1);
        // Awaited in the next turn; until then a failure must not count as unhandled.
        next.catch(() => undefined);
      }
      yield piece;
    }
    checkUnchanged(entry, await statOf(file, entry));
  } finally {
    await Promise.allSettled([next]);
    await file.close();
  }
}

const openUnchanged = async (entry: TreeEntry): Promise<FileHandle> => {
  const file = await open(entry.file, flags).catch((error: unknown) => {
    throw openError(entry, error);
  });
  try {
    checkUnchanged(entry, await statOf(file, entry));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
};

const statOf = async (file: FileHandle, entry: TreeEntry): Promise<Stats> => {
  try {
    return await file.stat();
  } catch (error) {
    throw fileError('look at', entry.file, error);
  }
};

const checkUnchanged = ({ file, stat }: TreeEntry, now: Stats): void => {
  if (now.ino === stat.ino && now.dev === stat.dev && now.size === stat.size && now.mtimeMs === stat.mtimeMs) return;
  throw changed(file);
};

const changed = (file: string): TaskError =>
  new TaskError('file-changed', `${file} changed while it was read; nothing was uploaded`);

const fill = async (file: FileHandle, buffer: Buffer, at: number, entry: TreeEntry): Promise<void> => {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await file
      .read(buffer, filled, buffer.length - filled, at + filled)
      .catch((error: unknown) => {
        throw fileError('read', entry.file, error);
      });
    if (bytesRead === 0) throw changed(entry.file);
    filled += bytesRead;
  }
};
