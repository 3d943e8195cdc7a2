import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** The folder of the journal cannot be made. */
export class StateFolderError extends Error {
  override readonly name = 'StateFolderError';
}

/**
 * Makes the folder of the journal where it is not there yet, but not the one above it: where that is missing, a volume is not
 * mounted, and a journal beside it would be forgotten. @throws StateFolderError
 */
export const makeStateFolder = (folder: string): void => {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    const what = `The folder of the journal, ${folder}, cannot be made`;
    const above = dirname(folder);
    const why =
      code === 'ENOENT'
        ? `there is no ${above}. Mount the node's volume there, or give another --home or --state-dir.`
        : `${error instanceof Error ? error.message : String(error)}. Check the owner and the mount of ${above}, or give another --state-dir.`;
    throw new StateFolderError(`${what}: ${why}`, { cause: error });
  }
};
