import { rm } from 'node:fs/promises';
import { fileError } from '../../node/file-errors.ts';
import { isFolder } from './snapshots-folder.ts';

/** Removes a folder and all in it. Answers whether there was one. */
export const removeFolder = async (path: string): Promise<boolean> => {
  if (!(await isFolder(path))) return false;
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
    return true;
  } catch (error) {
    throw fileError('remove', path, error);
  }
};
