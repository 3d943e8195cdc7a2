/** A genesis is held against the node that it is for: one that has data of another chain would not start with it. */
import { TaskError } from '@nodetask/shared';
import { databasesOf } from '../../node/databases.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { readNodeStatus } from '../../node/node-status.ts';
import type { RpcClient } from '../../node/rpc-client.ts';

export interface NodeToCheck {
  readonly home: NodeHome;
  readonly rpc: RpcClient;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
}

const statusTimeoutMs = 5_000;

/**
 * Answers with what to warn of. Throws TaskError `chain-mismatch` if the node is of another chain than the new genesis and `allowOtherChain`
 * does not insist.
 * @param existing the chain of the genesis that the node has now; undefined if it has none
 */
export const checkNode = async (
  node: NodeToCheck,
  { chainId, existing }: { readonly chainId: string; readonly existing: string | undefined },
  { allowOtherChain }: { readonly allowOtherChain: boolean },
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const databases = await databasesOf(node.home);
  const running = await chainOfRunningNode(node, signal);
  const has = `data/ has ${databases.slice(0, 3).join(', ')}`;
  const sign =
    running !== undefined && running !== chainId
      ? `the node runs, and its RPC says that it is of chain ${running}`
      : existing !== undefined && existing !== chainId && databases.length > 0
        ? `${has}, and the present genesis is of chain ${existing}`
        : undefined;
  if (sign === undefined) {
    return existing === undefined && running === undefined && databases.length > 0
      ? [`${has}, and nothing tells of which chain that is: the node starts only if it is ${chainId}`]
      : [];
  }
  if (allowOtherChain)
    return [`the new genesis is of chain ${chainId}, but ${sign}: empty data/ before the node starts`];
  throw new TaskError(
    'chain-mismatch',
    `the new genesis is of chain ${chainId}, but ${sign}; nothing was changed: check target and source, empty data/ first, or set allowOtherChain to insist`,
  );
};

/** Undefined if the node does not run, or does not say. */
const chainOfRunningNode = async ({ rpc, nodeRPC }: NodeToCheck, signal: AbortSignal): Promise<string | undefined> => {
  try {
    return (await readNodeStatus(rpc, nodeRPC, { signal, timeoutMs: statusTimeoutMs })).chainId;
  } catch (error) {
    if (signal.aborted || !(error instanceof TaskError)) throw error;
    return undefined;
  }
};
