import { type Clock, type Logger, sleep, TaskError } from '@nodetask/shared';
import type { BlockHeights } from '../engine/block-heights.ts';
import type { RpcClient } from './rpc-client.ts';

export interface BlockHeightsOptions {
  readonly rpc: RpcClient;
  /** RPC address of the node. */
  readonly nodeRPC: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const shortestPauseMs = 250;
const longestPauseMs = 5_000;
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;
const callTimeoutMs = 5_000;

/**
 * The node's height by polling /status, about twice per block as the blocks come, between 250 ms and 5 s. Polling needs no subscription
 * that a node may drop silently, and tolerates nodes that are restarted; a block whose own poll is missed is covered by the next height.
 */
export const rpcBlockHeights = ({ rpc, nodeRPC, clock, logger }: BlockHeightsOptions): BlockHeights => ({
  watch: async (onHeight, signal) => {
    let last: { readonly height: number; readonly at: number } | undefined;
    let blockMs = 1_000;
    let failures = 0;
    const tryRead = async (): Promise<number | undefined> => {
      try {
        const height = await readHeight(rpc, nodeRPC, signal);
        if (failures > 0) logger.info('the RPC of the node answers again', { nodeRPC, failures });
        failures = 0;
        return height;
      } catch (error) {
        // The first failure is worth a line; an outage of hours is not worth thousands.
        if (failures === 0 && !signal.aborted) {
          logger.warn('the height of the node cannot be read; trying on', { nodeRPC, error });
        }
        failures++;
        return undefined;
      }
    };
    while (!signal.aborted) {
      const height = await tryRead();
      if (signal.aborted) return;
      let pauseMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 10));
      if (height !== undefined) {
        const now = clock.monotonic();
        if (last !== undefined && height > last.height) {
          blockMs += ((now - last.at) / (height - last.height) - blockMs) / 4;
        }
        if (height !== last?.height) {
          last = { height, at: now };
          onHeight(height);
        }
        pauseMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, blockMs / 2));
      }
      await sleep(clock, pauseMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  },
});

/** The height of the newest block that the node has. Throws TaskError `rpc-unreachable` or `rpc-invalid`. */
export const readHeight = async (rpc: RpcClient, nodeRPC: string, signal: AbortSignal): Promise<number> => {
  const { result } = await rpc.call(nodeRPC, 'status', {}, { signal, timeoutMs: callTimeoutMs });
  const info = result['sync_info'];
  const text =
    typeof info === 'object' && info !== null && 'latest_block_height' in info ? info.latest_block_height : undefined;
  const height = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text;
  if (typeof height !== 'number' || !Number.isSafeInteger(height) || height < 0) {
    throw new TaskError(
      'rpc-invalid',
      `${nodeRPC}/status has no sync_info.latest_block_height: check that it is the RPC of a CometBFT node`,
    );
  }
  return height;
};
