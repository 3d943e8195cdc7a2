/**
 * The one place that knows where a node has what its configuration can move. Paths of config.toml are relative to the home, as CometBFT and
 * Sei resolve them. A file or a key that is missing means the default.
 */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { TaskError } from '@nodetask/shared';
import type { KeyPath } from './document-value.ts';
import { findConfigFolder, findDataFolder, findRoot, type NodeHome } from './node-home.ts';
import { type TextSetting, readTextSetting, shownPath } from './text-setting.ts';
import { permittedPath, realPathOf } from './permitted-path.ts';
import { isWithin } from './system-folder.ts';

/** A file of the node, which need not exist. */
export interface NodeFile {
  /** Real path of the folder that it is in, which need not exist either. */
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  /** The key that names another place than the usual one. */
  readonly movedBy?: string;
}

/** `genesis_file` of config.toml; else config/genesis.json. */
export const findGenesisFile = (home: NodeHome): Promise<NodeFile> => findFile(home, 'genesis', 'genesis.json');

/** `node_key_file` of config.toml; else config/node_key.json. */
export const findNodeKeyFile = (home: NodeHome): Promise<NodeFile> => findFile(home, 'node_key', 'node_key.json');

const findFile = async (home: NodeHome, kind: 'genesis' | 'node_key', usual: string): Promise<NodeFile> => {
  const setting = await readConfigPath(home, `${kind}_file`);
  const config = (await findConfigFolder(home)) ?? home.config;
  const usualPath = join(config, usual);
  if (setting === undefined) return { folder: config, name: usual, path: usualPath };
  const given = resolve(home.root, setting.value);
  if (given === resolve(home.root) || setting.value.endsWith('/')) {
    throw new TaskError(
      'file-invalid',
      `${setting.where} is ${shownPath(setting.value)}, which is no file: correct it there`,
    );
  }
  const folder = await permittedPath(home, setting.where, dirname(given));
  const name = basename(given);
  const path = join(folder, name);
  return { folder, name, path, ...(path === usualPath ? {} : { movedBy: setting.where }) };
};

/** `db_dir` of config.toml, and data/, where the application has its own database in any case. None need exist. */
export const findDatabaseFolders = async (home: NodeHome): Promise<readonly string[]> => {
  const data = (await findDataFolder(home)) ?? home.data;
  const setting = await readConfigPath(home, 'db_dir');
  if (setting === undefined) return [data];
  const moved = await permittedPath(home, setting.where, resolve(home.root, setting.value));
  return moved === data ? [data] : [moved, data];
};

const readConfigPath = (home: NodeHome, key: string): Promise<TextSetting | undefined> =>
  readTextSetting(home, 'config.toml', [[key], [key.replaceAll('_', '-')]]);

/** The folder of the state-sync snapshots: `<height>/<format>/<chunk>` and `metadata.db`. It need not exist. */
export interface SnapshotsFolder {
  /** Real path of the folder itself. */
  readonly path: string;
  /** Real path of the folder in which it, or a link to it, is: whoever replaces it needs room beside it. */
  readonly parent: string;
  readonly name: string;
  /** The key that names another place than data/snapshots. */
  readonly movedBy?: string;
}

const snapshotDirectory: KeyPath = ['state-sync', 'snapshot-directory'];
export const usualSnapshotsName = 'snapshots';

/** `snapshot-directory` of [state-sync] in app.toml, which Sei reads; else data/snapshots. */
export const findSnapshotsFolder = async (home: NodeHome): Promise<SnapshotsFolder> => {
  const setting = await readTextSetting(home, 'app.toml', [snapshotDirectory]);
  const data = (await findDataFolder(home)) ?? home.data;
  const usual = join(data, usualSnapshotsName);
  // Sei takes an empty text for the usual place.
  if (setting === undefined || setting.value === '') {
    return { path: await permittedPath(home, 'data/snapshots', usual), parent: data, name: usualSnapshotsName };
  }
  const { where, value } = setting;
  if (!isAbsolute(value)) {
    throw new TaskError(
      'file-invalid',
      `${where} is ${shownPath(value)}: the node looks for it from the folder that it was started in, which the agent does not know; give an absolute path`,
    );
  }
  const given = resolve(value);
  const path = await permittedPath(home, where, given);
  for (const folder of [await findRoot(home), (await findConfigFolder(home)) ?? home.config, data, home.stateFolder]) {
    if (isWithin(folder, path)) {
      throw new TaskError(
        'file-invalid',
        `${where} is ${shownPath(value)}, which holds more than snapshots (${folder}): give them a folder of their own`,
      );
    }
  }
  const parent = await realPathOf(where, dirname(given));
  const name = basename(given);
  return { path, parent, name, ...(join(parent, name) === usual ? {} : { movedBy: where }) };
};
