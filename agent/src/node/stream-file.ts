import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * The bytes of a file that may have gigabytes. Follows no link; a pipe or a device in its place has no bytes, and does not block. Throws the signal's reason, and the
 * errors of the file system.
 */
export async function* streamFile(path: string, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return;
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      yield chunk;
    }
  } finally {
    await file.close();
  }
}
