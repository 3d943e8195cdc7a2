import { type FileHandle, unlink } from 'node:fs/promises';

/**
 * Fills a new file, brings it onto the disk and closes it. One that cannot be filled is removed: on a full volume it would keep that full.
 * @param path of the file.
 */
export const writeOrRemove = async (file: FileHandle, path: string, write: () => Promise<void>): Promise<void> => {
  try {
    await write();
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await file.close();
  }
};
