/** Tells if a Sei node has state already, and if its EVM history is in a store of its own. Where seid keeps both: sei-db/common/utils/path.go. */
import { isAbsolute, join, resolve } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { databasesIn } from './databases.ts';
import { listIfThere } from './list-folder.ts';
import { findDataFolder, type NodeHome } from './node-home.ts';
import { findDatabaseFolders } from './node-paths.ts';
import { permittedPath } from './permitted-path.ts';
import { shownPath } from './text-setting.ts';

/** Folders that the node's configuration names beside data/ and its `db-dir`; empty texts name none. */
export interface StateFolders {
  /** `state-store.ss-db-directory`. */
  readonly cosmos: readonly string[];
  /** `state-store.evm-ss-db-directory`. */
  readonly evm: readonly string[];
  /** The folders that `db-dir` is to name. */
  readonly databases: readonly string[];
}

export interface StateData {
  /** The sign of state, as the end of a sentence; absent on a node that starts empty. */
  readonly found?: string;
  /** The store that holds all history, or all but that of the EVM, has data. */
  readonly cosmos: boolean;
  /** The store of EVM history has data; absent where the agent cannot look into a folder for it. */
  readonly evm?: boolean;
}

export const noState: StateData = { cosmos: false, evm: false };

/** Below data/: where releases up to v6.5 have their state stores, then where newer ones do. */
const cosmosPlaces = ['pebbledb', 'rocksdb', 'sqlite', 'state_store/cosmos_ss'];
const evmPlaces = ['evm_ss', 'state_store/evm_ss'];
const otherPlaces = ['state_commit', 'flatkv', 'ledger'];

/**
 * Looks into data/, `db-dir` and the folders that the configuration names. Snapshots are no state: the node fills all of its stores from them. A
 * folder that the agent cannot look into counts as state, because a wrong answer costs the node its history.
 */
export const findStateData = async (home: NodeHome, folders: StateFolders): Promise<StateData> => {
  const data = await lookInto(() => findDataFolder(home).then((found) => found ?? home.data));
  const cosmos = await firstOf(home, data, cosmosPlaces, folders.cosmos);
  const evm = await firstOf(home, data, evmPlaces, folders.evm);
  const other = (await firstOf(home, data, otherPlaces, [])) ?? (await findDatabase(home, folders.databases));
  const found = cosmos ?? evm ?? other;
  return {
    ...(found === undefined ? {} : { found: found.clause }),
    cosmos: cosmos?.seen === true,
    ...(evm?.seen === false ? {} : { evm: evm !== undefined }),
  };
};

interface Sign {
  readonly clause: string;
  /** False where the agent cannot look. */
  readonly seen: boolean;
}

type Looked = { readonly folder: string } | { readonly why: string };

const firstOf = async (
  home: NodeHome,
  data: Looked,
  places: readonly string[],
  named: readonly string[],
): Promise<Sign | undefined> => {
  const looked: Looked[] = 'why' in data ? [data] : places.map((place) => ({ folder: join(data.folder, place) }));
  for (const folder of named.filter((path) => path !== '')) {
    looked.push(
      isAbsolute(folder)
        ? await lookInto(() => permittedPath(home, 'the folder of a state store', folder))
        : { why: `the folder ${shownPath(folder)} of a state store is relative to where the node was started` },
    );
  }
  let unseen: Sign | undefined;
  for (const one of looked) {
    const has = 'why' in one ? one : await lookInto(async () => ((await holdsFile(one.folder)) ? one.folder : ''));
    if ('why' in has) unseen ??= { clause: `what it has cannot be seen: ${has.why}`, seen: false };
    else if (has.folder !== '') return { clause: `it has data in ${has.folder}`, seen: true };
  }
  return unseen;
};

const findDatabase = async (home: NodeHome, named: readonly string[]): Promise<Sign | undefined> => {
  const folders = await lookInto(async () => {
    const moved = named.map((folder) => permittedPath(home, 'db-dir', resolve(home.root, folder)));
    for (const folder of [...(await findDatabaseFolders(home)), ...(await Promise.all(moved))]) {
      const [database] = await databasesIn(folder);
      if (database !== undefined) return join(folder, database);
    }
    return '';
  });
  if ('why' in folders) return { clause: `what it has cannot be seen: ${folders.why}`, seen: false };
  return folders.folder === '' ? undefined : { clause: `it has the database ${folders.folder}`, seen: true };
};

/** A path, or why the agent cannot look there. */
const lookInto = async (look: () => Promise<string>): Promise<Looked> => {
  try {
    return { folder: await look() };
  } catch (error) {
    if (error instanceof TaskError) return { why: error.message };
    throw error;
  }
};

/** Deeper than any database has its first file, and more folders than one has above it. */
const maxDepth = 4;
const maxFolders = 100;

const holdsFile = async (folder: string): Promise<boolean> => {
  let level = [folder];
  let left = maxFolders;
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    const next: string[] = [];
    for (const path of level) {
      left -= 1;
      if (left < 0) return true;
      for (const entry of await listIfThere(path)) {
        if (!entry.isDirectory()) return true;
        next.push(join(path, entry.name));
      }
    }
    level = next;
  }
  return level.length > 0;
};
