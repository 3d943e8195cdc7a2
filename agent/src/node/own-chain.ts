import { TaskError } from '@nodetask/shared';
import { readChainId } from './chain-id.ts';
import type { NodeHome } from './node-home.ts';

/** The word of a task on a chain that it compared with the genesis of the node, if there is one. */
export type ChainVerified = 'verified' | 'genesis-missing';

/** The chain of the node's own genesis; undefined if it has none yet. Throws TaskError `file-invalid`, `file-io`. */
export const findOwnChain = async (home: NodeHome, signal: AbortSignal): Promise<string | undefined> => {
  try {
    return await readChainId(home, signal);
  } catch (error) {
    if (error instanceof TaskError && error.code === 'file-missing') return undefined;
    throw error;
  }
};
