import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { fileError, isMissing } from './file-errors.ts';

/** The entries of a folder; none if there is no such folder. */
export const listIfThere = async (folder: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError('list', folder, error);
  }
};
