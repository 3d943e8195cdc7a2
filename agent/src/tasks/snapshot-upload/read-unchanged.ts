import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { type TreeEntry, vanished } from './walk-tree.ts';

/** Files up to this size are read whole, several ahead of the one that is packed. */
export const smallBytes = 256 * 1024;
const pieceBytes = 1024 * 1024;

/** The content of a small file, exactly as `entry` describes it. Throws TaskError `file-changed` where the file is another one by now. */
export const readSmall = async (entry: TreeEntry): Promise<Buffer> => {
  const content = Buffer.allocUnsafeSlow(entry.stat.size);
  await whileUnchanged(entry, (file) => fill(file, content, 0, entry));
  return content;
};

/** The same for a file of any size, in pieces. A piece is only valid until the next one but one is asked for. */
export async function* readPieces(entry: TreeEntry): AsyncGenerator<Buffer, void, undefined> {
  const { size } = entry.stat;
  const file = await openUnchanged(entry);
  // One is read while the other is packed.
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
  const read = async (index: number): Promise<Buffer> => {
    const at = index * pieceBytes;
    const piece = buffers[index % 2 === 0 ? 0 : 1].subarray(0, Math.min(pieceBytes, size - at));
    await fill(file, piece, at, entry);
    return piece;
  };
  let next = read(0);
  try {
    for (let index = 0; index * pieceBytes < size; index++) {
      const piece = await next;
      if ((index + 1) * pieceBytes < size) {
        next = read(index + 1);
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

const whileUnchanged = async (entry: TreeEntry, work: (file: FileHandle) => Promise<void>): Promise<void> => {
  const file = await openUnchanged(entry);
  try {
    await work(file);
    checkUnchanged(entry, await statOf(file, entry));
  } finally {
    await file.close();
  }
};

const openUnchanged = async (entry: TreeEntry): Promise<FileHandle> => {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(entry.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if (isMissing(error)) throw vanished(entry.file, error);
    throw fileError('open', entry.file, error);
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
