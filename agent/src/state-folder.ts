import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '@nodetask/shared';

/** The home of the node, or the folder of the journal, cannot be made. */
export class StateFolderError extends Error {
  override readonly name = 'StateFolderError';
}

/**
 * Makes the home of the node where it is not there yet, as a first task may fill it, but not the folder above it. @throws StateFolderError
 */
export const makeHome = (home: string, logger: Logger): void => {
  try {
    mkdirSync(home, { mode: 0o755 });
    logger.warn('made the home of the node, which was missing: if a volume belongs there, it is not mounted', { home });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw cannotMake('home of the node', home, error);
  }
};

/**
 * Makes the folder of the journal where it is not there yet, but not the one above it: where that is missing, a volume is not
 * mounted, and a journal beside it would be forgotten. @throws StateFolderError
 */
export const makeStateFolder = (folder: string): void => {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw cannotMake('folder of the journal', folder, error);
  }
};

const cannotMake = (what: string, folder: string, error: unknown): StateFolderError => {
  const above = dirname(folder);
  const why =
    codeOf(error) === 'ENOENT'
      ? `there is no ${above}. Mount the node's volume there, or give another --home or --state-dir.`
      : `${error instanceof Error ? error.message : String(error)}. Check the owner and the mount of ${above}, or give another --home or --state-dir.`;
  return new StateFolderError(`The ${what}, ${folder}, cannot be made: ${why}`, { cause: error });
};

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
