import { closeSync, openSync, readSync } from 'node:fs';

/**
 * A file that a volume gives to the agent, whole, as text. Links are followed: what a kubelet mounts is one. At once, for it takes
 * microseconds: the four steps of it by way of the thread pool are what a busy machine makes a start wait for.
 * @throws Error where it cannot be read, or has more than `maxBytes`
 */
export const readSmallFile = (path: string, maxBytes: number): string => {
  const file = openSync(path, 'r');
  try {
    const content = Buffer.allocUnsafe(maxBytes + 1);
    let bytes = 0;
    for (let read = -1; read !== 0 && bytes <= maxBytes; bytes += read)
      read = readSync(file, content, { offset: bytes });
    if (bytes > maxBytes) throw new Error(`${path} has more than the ${String(maxBytes)} bytes that the agent reads`);
    return content.toString('utf8', 0, bytes);
  } finally {
    closeSync(file);
  }
};
