import { listIfThere } from './list-folder.ts';
import type { NodeHome } from './node-home.ts';
import { findDatabaseFolders } from './node-paths.ts';

/** Names of the node's databases, as CometBFT and the Cosmos SDK name them; none if the node has never started. */
export const databasesOf = async (home: NodeHome): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const folder of await findDatabaseFolders(home)) found.push(...(await databasesIn(folder)));
  return [...new Set(found)].toSorted();
};

/** The same in one folder, which need not exist. */
export const databasesIn = async (folder: string): Promise<readonly string[]> =>
  (await listIfThere(folder)).map(({ name }) => name).filter((name) => name.endsWith('.db'));
