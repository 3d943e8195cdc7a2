import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { readBounded, TooManyBytesError } from '@nodetask/runtime/foreign-bytes';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from './file-errors.ts';

/**
 * Reads a text file whole; undefined where it is missing. Never follows a link, never reads anything but a regular file, never more than
 * `maxBytes`, and refuses bytes that are not UTF-8 (a lossy decode would destroy them when the file is written back).
 */
export const readTextFile = async (path: string, maxBytes: number): Promise<string | undefined> => {
  const bytes = await readBytes(path, maxBytes);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new TaskError('file-invalid', `${path} is not UTF-8 text: restore it from a backup or write it anew`, {
      cause: error,
    });
  }
};

const pieceBytes = 512 * 1024;

const tooLarge = (path: string, has: string, maxBytes: number): TaskError =>
  new TaskError('file-invalid', `${path} has ${has}, and this task reads at most ${maxBytes}: edit the file by hand`);

const readBytes = async (path: string, maxBytes: number): Promise<Buffer | undefined> => {
  try {
    // O_NONBLOCK: a FIFO put in the file's place must not block the open for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) {
        throw new TaskError('file-invalid', `${path} is not a regular file: remove it and write it anew`);
      }
      if (stat.size > maxBytes) throw tooLarge(path, `${stat.size} bytes`, maxBytes);
      // Bounded while it is read, too: another program may go on writing.
      return await readBounded(file.createReadStream({ autoClose: false, highWaterMark: pieceBytes }), maxBytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TooManyBytesError) throw tooLarge(path, `more than ${maxBytes} bytes`, maxBytes);
    if (isMissing(error)) return undefined;
    throw fileError('read', path, error);
  }
};
