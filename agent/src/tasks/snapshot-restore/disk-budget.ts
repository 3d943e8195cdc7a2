import { bytesText, TaskError } from '@nodetask/shared';
import type { VolumeSpace } from '../../node/volume-space.ts';

/** What a restore may use of the volume. */
export interface DiskBudget {
  readonly bytes: number;
  /** Files and folders. */
  readonly entries: number;
}

/** Left free for the node: a twentieth of the volume, at most this. A full disk would end it. */
const maxReserveBytes = 1024 ** 3;
/** The bookkeeping for more would not fit into the agent's memory; the largest snapshots have some hundred thousand. */
const maxEntries = 1_000_000;

/** The headers and the padding of an entry: 512 bytes each, and as many for a pax header and its records. */
const overheadBytes = 2_048;

/**
 * How large a tar archive may be that fits into a budget. What is in no file costs no space on the disk, only time: it counts here.
 */
export const maxTarBytes = ({ bytes, entries }: DiskBudget): number => bytes + (entries + 1_000) * overheadBytes;

/** What is there beside the snapshots that stay until the new ones are in place. Throws TaskError `disk-full` where `needed` does not fit. */
export const diskBudget = (folder: string, space: VolumeSpace, needed: number): DiskBudget => {
  const reserve = Math.min(maxReserveBytes, space.totalBytes / 20);
  const bytes = Math.max(0, Math.floor(space.freeBytes - reserve));
  if (needed > bytes) {
    throw new TaskError(
      'disk-full',
      `the snapshot needs at least ${bytesText(needed)}, and ${folder} has ${bytesText(space.freeBytes)} free, of which ${bytesText(reserve)} are left to the node; nothing was changed: free space or enlarge the volume`,
    );
  }
  return { bytes, entries: Math.min(maxEntries, Math.floor(space.freeEntries * 0.9)) };
};
