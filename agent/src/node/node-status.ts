import { rpcUrl, TaskError } from '@nodetask/shared';
import { isTable } from './document-value.ts';
import { describeURL } from './http/http-get.ts';
import type { RpcClient } from './rpc-client.ts';

/** What a node says of itself. https://docs.cometbft.com/v0.38/rpc/#/Info/status */
export interface NodeStatus {
  /** 40 lower-case hexadecimal digits. */
  readonly nodeId: string;
  readonly chainId: string;
  /** The newest block that it has; 0 where it has none. */
  readonly latestHeight: number;
  /** The oldest block that it has; older ones are pruned or were never fetched. */
  readonly earliestHeight: number;
  /** It is behind its chain by its own word; absent where it does not say. */
  readonly isCatchingUp?: boolean;
}

export interface StatusOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const maxBytes = 256 * 1024;

/** Asks a node for its /status. Throws TaskError `rpc-unreachable`, `rpc-invalid`, `source-invalid` or `egress-refused`. */
export const readNodeStatus = async (rpc: RpcClient, base: string, options: StatusOptions): Promise<NodeStatus> => {
  const { result } = await rpc.call(base, 'status', {}, { ...options, maxBytes });
  const node = isTable(result['node_info']) ? result['node_info'] : {};
  const sync = isTable(result['sync_info']) ? result['sync_info'] : {};
  const { id, network } = node;
  if (typeof id !== 'string' || !/^[0-9a-f]{40}$/i.test(id)) throw invalid(base, 'node_info.id', id);
  if (typeof network !== 'string' || !/^[\x21-\x7e]{1,50}$/.test(network)) {
    throw invalid(base, 'node_info.network', network);
  }
  const latestHeight = parseHeight(sync['latest_block_height']);
  if (latestHeight === undefined) throw invalid(base, 'sync_info.latest_block_height', sync['latest_block_height']);
  // Older versions of CometBFT do not tell; a height that they lack shows when it is asked for.
  const earliestHeight = parseHeight(sync['earliest_block_height'] ?? 0);
  if (earliestHeight === undefined) {
    throw invalid(base, 'sync_info.earliest_block_height', sync['earliest_block_height']);
  }
  const catchingUp = sync['catching_up'];
  return {
    nodeId: id.toLowerCase(),
    chainId: network,
    latestHeight,
    earliestHeight,
    ...(typeof catchingUp === 'boolean' ? { isCatchingUp: catchingUp } : {}),
  };
};

/** A height as CometBFT's RPC writes it, in quotes, or as a number; undefined where it is none. */
export const parseHeight = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

const invalid = (base: string, member: string, value: unknown): TaskError => {
  const found = value === undefined ? 'no' : `${JSON.stringify(value).slice(0, 80)} as`;
  return new TaskError(
    'rpc-invalid',
    `${describeURL(new URL(rpcUrl(base)))} answers to /status with ${found} ${member}: check that it is the RPC of a CometBFT node`,
  );
};
