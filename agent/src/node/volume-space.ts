import { statfs } from 'node:fs/promises';
import { fileError } from './file-errors.ts';

/** The space of the volume that holds a folder. */
export interface VolumeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Infinity where the file system does not count them. */
  readonly freeEntries: number;
}

export const readVolumeSpace = async (folder: string): Promise<VolumeSpace> => {
  try {
    const { bavail, bsize, blocks, files, ffree } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeEntries: files === 0 ? Infinity : ffree };
  } catch (error) {
    throw fileError('look at the free space of', folder, error);
  }
};
