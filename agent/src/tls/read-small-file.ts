import { open } from 'node:fs/promises';

/**
 * A file that a volume gives to the agent, whole, as text. Links are followed: what a kubelet mounts is one.
 * @throws Error where it cannot be read, or has more than `maxBytes`
 */
export const readSmallFile = async (path: string, maxBytes: number): Promise<string> => {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) {
      throw new Error(`${path} has ${String(size)} bytes, and the agent reads at most ${String(maxBytes)}`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
};
