import { TaskError } from '@nodetask/shared';
import type { NodeHome } from '../../../node/node-home.ts';
import { readTextSetting, shownPath, type TextSetting } from '../../../node/text-setting.ts';

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
const leveldb: ReadonlySet<string> = new Set(['goleveldb', 'cleveldb']);

/**
 * Refuses a node that keeps its snapshots in another database than LevelDB, by its configuration: app-db-backend of app.toml, or else
 * db_backend of config.toml, as the SDK reads them. Throws TaskError `snapshot-store-unsupported`.
 */
export const refuseOtherBackend = async (home: NodeHome): Promise<void> => {
  const setting =
    (await backendSetting(home, 'app.toml', 'app-db-backend')) ??
    (await backendSetting(home, 'config.toml', 'db-backend'));
  if (setting === undefined || leveldb.has(setting.value)) return;
  throw unsupportedStore(`${setting.where} is ${shownPath(setting.value)}`);
};

/** Undefined if the key is missing or empty. */
const backendSetting = async (
  home: NodeHome,
  file: 'app.toml' | 'config.toml',
  key: string,
): Promise<TextSetting | undefined> => {
  const setting = await readTextSetting(home, file, [[key], [key.replaceAll('-', '_')]]);
  return setting?.value === '' ? undefined : setting;
};

export const unsupportedStore = (what: string): TaskError =>
  new TaskError(
    'snapshot-store-unsupported',
    `${what}, and of the databases that a node can keep its list of snapshots in, this agent reads goleveldb only; nothing was changed: have the node use goleveldb, or upload with includeMetadata: false`,
  );
