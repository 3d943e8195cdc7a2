import { TaskError } from '@nodetask/shared';
import type { RpcAnswer, RpcClient } from './rpc-client.ts';

const timeoutMs = 5_000;
const maxBytes = 256 * 1024;

/**
 * The answer of the node on this machine to a method of its RPC; undefined if it does not run, or does not answer in five seconds.
 * @param nodeRPC base URL of the node's own RPC
 */
export const askNode = async (
  rpc: RpcClient,
  nodeRPC: string,
  method: string,
  signal: AbortSignal,
): Promise<RpcAnswer['result'] | undefined> => {
  try {
    const { result } = await rpc.call(nodeRPC, method, {}, { signal, timeoutMs, maxBytes });
    return result;
  } catch (error) {
    // A node that does not run tells nothing.
    if (signal.aborted || !(error instanceof TaskError)) throw error;
    return undefined;
  }
};
