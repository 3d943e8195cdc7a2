import { mkdir } from 'node:fs/promises';
import { type Logger, TaskError } from '@nodetask/shared';
import { fileError } from './file-errors.ts';
import { recoverFiles } from './file-transaction.ts';
import { findConfigFolder, type NodeHome } from './node-home.ts';

/** Name of the lock that whoever reads or writes files under config/ as a unit holds. */
export const configLock = 'config';

/**
 * The real path of config/, after a change that a crash interrupted there has been completed or undone. Call it with `configLock` held.
 * Throws TaskError `file-missing` where the home has no config/ yet.
 */
export const openConfigFolder = async (home: NodeHome, logger: Logger): Promise<string> => {
  const folder = await findConfigFolder(home);
  if (folder === undefined) {
    throw new TaskError(
      'file-missing',
      `${home.config} does not exist: create the node's configuration first, for instance with a config-apply task`,
    );
  }
  const { completed, discarded } = await recoverFiles(folder);
  if (completed.length > 0)
    logger.warn('completed an interrupted change of config files', { folder, files: completed });
  if (discarded.length > 0)
    logger.warn('removed temporary files of an interrupted change', { folder, files: discarded });
  return folder;
};

/** Makes config/ in a home that has none. */
export const makeConfigFolder = async (home: NodeHome): Promise<void> => {
  if ((await findConfigFolder(home)) !== undefined) return;
  await mkdir(home.config, { mode: 0o755 }).catch((error: unknown) => {
    throw fileError('create', home.config, error);
  });
};

/**
 * What every task does before it reads in config/, for the start of the agent: the node may start at the same time, and shall not find half
 * of a change that a crash interrupted. Does nothing where the home has no config/ yet. Throws TaskError.
 */
export const recoverConfigFolder = async (home: NodeHome, logger: Logger): Promise<void> => {
  if ((await findConfigFolder(home)) !== undefined) await openConfigFolder(home, logger);
};
