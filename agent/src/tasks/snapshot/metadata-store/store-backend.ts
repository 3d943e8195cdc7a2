import { TaskError } from '@nodetask/shared';
import { findConfigFolder, type NodeHome } from '../../../node/node-home.ts';
import { readConfigFiles } from '../../config/config-files.ts';
import { locateKey } from '../../config/locate-key.ts';

/** Which database the files in a folder are of; `none` if there is no database in it yet. */
export const backendOf = (names: readonly string[]): string => {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/^marker\./)) return 'pebbledb';
  if (has(/^IDENTITY$/)) return 'rocksdb';
  if (has(/^OPTIONS-\d+$/)) return 'pebbledb or rocksdb';
  if (has(/^KEYREGISTRY$|\.vlog$/)) return 'badgerdb';
  if (has(/^CURRENT$/)) return 'goleveldb';
  return names.every((name) => name === 'LOCK' || name.startsWith('LOG')) ? 'none' : 'an unknown database';
};

/** These two have the same files. */
const leveldb: ReadonlySet<unknown> = new Set(['goleveldb', 'cleveldb']);

/**
 * Refuses a node that keeps its snapshots in another database than LevelDB, by its configuration: app-db-backend of app.toml, or else
 * db_backend of config.toml, as the SDK reads them. Throws TaskError `snapshot-store-unsupported`.
 */
export const refuseOtherBackend = async (home: NodeHome): Promise<void> => {
  const folder = await findConfigFolder(home);
  if (folder === undefined) return;
  const { files } = await readConfigFiles(folder);
  for (const [name, key] of [
    ['app.toml', 'app-db-backend'],
    ['config.toml', 'db-backend'],
  ] as const) {
    const { path, value = '' } = locateKey(files[name].document, [key], 'sei');
    if (value === '') continue;
    if (leveldb.has(value)) return;
    throw unsupportedStore(
      `${path.join('.')} in ${files[name].path} is ${JSON.stringify(value)?.slice(0, 60) ?? typeof value}`,
    );
  }
};

export const unsupportedStore = (what: string): TaskError =>
  new TaskError(
    'snapshot-store-unsupported',
    `${what}, and of the databases that a node can keep its list of snapshots in, this agent reads goleveldb only; nothing was changed: have the node use goleveldb, or upload with includeMetadata: false`,
  );
