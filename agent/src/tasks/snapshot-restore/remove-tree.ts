import { readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';

const batch = 32;

/**
 * Removes a folder and all in it, or what of it can be removed until `deadline` (of the clock's monotonic time). Answers whether it is gone;
 * it need not exist.
 */
export const removeTree = async (folder: string, deadline: number, clock: Clock): Promise<boolean> => {
  try {
    for (const entries = await readdir(folder, { withFileTypes: true }); entries.length > 0;) {
      if (clock.monotonic() > deadline) return false;
      const some = entries.splice(-batch);
      await Promise.all(some.filter((entry) => !entry.isDirectory()).map((entry) => unlink(join(folder, entry.name))));
      for (const entry of some) {
        if (entry.isDirectory() && !(await removeTree(join(folder, entry.name), deadline, clock))) return false;
      }
    }
    await rmdir(folder);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    throw fileError('remove', folder, error);
  }
};
