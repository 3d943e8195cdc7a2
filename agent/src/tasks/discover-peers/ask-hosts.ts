import type { RpcClient } from '../../node/rpc-client.ts';
import { readNodeStatus } from '../../node/node-status.ts';
import { hostAndPort } from '../../node/peer-address.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { whyOf } from '../why.ts';

/** What a host says of itself, or why it does not. */
export type Answer = { readonly nodeId: string; readonly chainId: string } | { readonly why: string };

export interface AskOptions {
  readonly rpc: RpcClient;
  readonly rpcPort: number;
  readonly signal: AbortSignal;
  /** Budget of one host. */
  readonly timeoutMs: number;
  readonly onAnswer: () => void;
}

const concurrency = 32;

/** Asks hosts, given without brackets, for their node id, many at once. Rejects with the signal's reason only. */
export const askHosts = async (
  hosts: readonly string[],
  { rpc, rpcPort, signal, timeoutMs, onAnswer }: AskOptions,
): Promise<ReadonlyMap<string, Answer>> => {
  const scheme = rpcPort === 443 ? 'https' : 'http';
  const answers = await mapConcurrently(hosts, concurrency, async (host): Promise<[string, Answer]> => {
    try {
      const base = `${scheme}://${hostAndPort(host, rpcPort)}`;
      const { nodeId, chainId } = await readNodeStatus(rpc, base, { signal, timeoutMs });
      return [host, { nodeId, chainId }];
    } catch (error) {
      signal.throwIfAborted();
      return [host, { why: whyOf(error) }];
    } finally {
      onAnswer();
    }
  });
  return new Map(answers);
};
