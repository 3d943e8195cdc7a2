import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from './file-errors.ts';
import { isWithin } from './system-folder.ts';

/** The folders of a node, as every CometBFT program lays them out below its home. */
export interface NodeHome {
  readonly root: string;
  /** `config/`: config.toml, app.toml, client.toml, genesis.json and the keys. */
  readonly config: string;
  /** `data/`: the databases, the write-ahead log, snapshots. */
  readonly data: string;
  /** Folders outside of the home below which the node's configuration may name paths: the agent's --allow-path. */
  readonly allowPaths: readonly string[];
  /** The agent's own state, into which no path of the configuration may lead. */
  readonly stateFolder: string;
}

export interface HomeBounds {
  readonly allowPaths?: readonly string[];
  /** Default: `.nodetask` in the home. */
  readonly stateFolder?: string;
}

export const nodeHome = (root: string, { allowPaths = [], stateFolder }: HomeBounds = {}): NodeHome => ({
  root,
  config: join(root, 'config'),
  data: join(root, 'data'),
  allowPaths,
  stateFolder: stateFolder ?? join(root, '.nodetask'),
});

/** True for a name without folders that may be joined to a folder without leaving it. */
export const isBareName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && basename(name) === name && !/[\\\0]/.test(name);

/**
 * The real path of `config/`, or undefined where the home has none yet. Refuses a home that does not exist and a `config/` that a link
 * leads out of the home: what writes there as root must not be led elsewhere by whoever can write into the volume.
 */
export const findConfigFolder = (home: NodeHome): Promise<string | undefined> => findFolder(home, 'config');

/** The same for `data/`. */
export const findDataFolder = (home: NodeHome): Promise<string | undefined> => findFolder(home, 'data');

/** The real path of the home. Throws TaskError `file-missing` if it does not exist. */
export const findRoot = async (home: NodeHome): Promise<string> => {
  try {
    return await realpath(home.root);
  } catch (error) {
    if (isMissing(error)) {
      throw new TaskError(
        'file-missing',
        `the home folder of the node, ${home.root}, does not exist: mount the node's volume there, or set NODETASK_HOME`,
        { cause: error },
      );
    }
    throw fileError('resolve', home.root, error);
  }
};

const findFolder = async (home: NodeHome, name: 'config' | 'data'): Promise<string | undefined> => {
  const root = await findRoot(home);
  const folder = join(root, name);
  try {
    const real = await realpath(folder);
    if (real === root || !isWithin(real, root)) {
      throw new TaskError(
        'file-invalid',
        `${home[name]} is a link to ${real}, outside of ${root}: replace the link by a folder or a mount`,
      );
    }
    return real;
  } catch (error) {
    if (error instanceof TaskError) throw error;
    if (!isMissing(error)) throw fileError('resolve', folder, error);
    const link = await lstat(folder).catch(() => undefined);
    if (link !== undefined) {
      throw new TaskError('file-invalid', `${home[name]} is a link that leads nowhere: remove it`, { cause: error });
    }
    return undefined;
  }
};
