import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

/**
 * A file that a volume gives to the agent, whole, as text. Links are followed: what a kubelet mounts is one. At once, for it takes
 * microseconds: the four steps of it by way of the thread pool are what a busy machine makes a start wait for.
 * @throws Error where it cannot be read, or has more than `maxBytes`
 */
export const readSmallFile = (path: string, maxBytes: number): string => {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > maxBytes) {
      throw new Error(`${path} has ${String(size)} bytes, and the agent reads at most ${String(maxBytes)}`);
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
};
