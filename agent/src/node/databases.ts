import { readdir } from 'node:fs/promises';
import { fileError, isMissing } from './file-errors.ts';
import type { NodeHome } from './node-home.ts';

/** Names of the databases below data/, as CometBFT and the Cosmos SDK name them; none if the node has never started. */
export const databasesOf = async (home: NodeHome): Promise<readonly string[]> => {
  try {
    return (await readdir(home.data)).filter((name) => name.endsWith('.db')).toSorted();
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError('list', home.data, error);
  }
};
