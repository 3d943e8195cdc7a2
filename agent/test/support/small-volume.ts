import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWriteQuota } from './write-quota.ts';

/** A small volume that can be filled up; at once, so that a callback of a task can do it. */
export interface SmallVolume {
  /** Leaves so many bytes free; a file system counts in blocks of 4 KiB. */
  fill(bytesLeft: number): void;
  /** Frees what `fill` took. */
  free(): void;
}

const blockBytes = 4096;

/** The file system that is mounted at the folder. */
export const mountedVolume = (folder: string): SmallVolume => {
  const filler = join(folder, 'filler');
  const free = (): void => {
    rmSync(filler, { force: true });
  };
  return {
    free,
    fill: (bytesLeft) => {
      free();
      const { bavail, bsize } = statfsSync(folder);
      const bytes = bavail * bsize - Math.ceil(bytesLeft / blockBytes) * blockBytes;
      writeFileSync(filler, Buffer.alloc(Math.max(0, bytes), 1));
    },
  };
};

/** This process's own writes, of which no more than so many bytes go through. */
export const quotaVolume = async (): Promise<SmallVolume> => {
  const quota = await createWriteQuota();
  return {
    fill: (bytesLeft) => {
      quota.bytesLeft = bytesLeft;
    },
    free: () => {
      quota.bytesLeft = undefined;
    },
  };
};
