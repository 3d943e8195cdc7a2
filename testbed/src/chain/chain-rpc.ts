// The RPC of a CometBFT node, wherever that runs. https://docs.cometbft.com/v0.38/rpc/
import * as z from 'zod';
import { waitFor } from '../wait.ts';

const REQUEST_TIMEOUT_MS = 5_000;
/** A node that follows in real time is this close. */
const FOLLOWING_BLOCKS = 5;

const RpcAnswer = z.object({ result: z.unknown() });
const Status = z.object({
  node_info: z.object({ id: z.string(), network: z.string() }),
  sync_info: z.object({
    earliest_block_height: z.coerce.number().int(),
    latest_block_height: z.coerce.number().int(),
    catching_up: z.boolean(),
  }),
});

const Commit = z.object({
  signed_header: z.object({ commit: z.object({ block_id: z.object({ hash: z.string() }) }) }),
});

export class ChainRpc {
  /** http://host:port */
  readonly rpcUrl: string;

  constructor(rpcUrl: string) {
    this.rpcUrl = rpcUrl;
  }

  /** The values of a [statesync] section with which a new node trusts this chain from `height` on; the node needs two distinct witnesses. */
  async trustAt(height: number): Promise<{ readonly trust_height: number; readonly trust_hash: string }> {
    const { signed_header: header } = Commit.parse(await this.rpc(`/commit?height=${height}`));
    return { trust_height: height, trust_hash: header.commit.block_id.hash };
  }

  /** The `result` of a GET on the RPC: rpc('/block?height=5'). Throws when the node is down or answers an error. */
  async rpc(path: string): Promise<unknown> {
    const response = await fetch(`${this.rpcUrl}${path}`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const body = await response.text();
    if (!response.ok) throw new Error(`GET ${this.rpcUrl}${path}: HTTP ${response.status} ${body.slice(0, 300)}`);
    return RpcAnswer.parse(JSON.parse(body)).result;
  }

  /** The height of the newest block. */
  async height(): Promise<number> {
    return Status.parse(await this.rpc('/status')).sync_info.latest_block_height;
  }

  /** The height of the oldest block that the node has: above 1 on a node that state-synced. */
  async earliestHeight(): Promise<number> {
    return Status.parse(await this.rpc('/status')).sync_info.earliest_block_height;
  }

  async chainId(): Promise<string> {
    return Status.parse(await this.rpc('/status')).node_info.network;
  }

  /** Waits until the chain is at `height` or beyond; answers the height seen. */
  async waitForHeight(height: number, timeoutMs = 30_000): Promise<number> {
    let seen = 0;
    return waitFor(
      async () => {
        seen = await this.height();
        return seen >= height ? seen : undefined;
      },
      { what: `${this.rpcUrl} to reach height ${height}`, timeoutMs, intervalMs: 20, detail: () => `it is at ${seen}` },
    );
  }

  /**
   * Waits until this node does not catch up any more and is at most a few blocks behind `source`. CometBFT's `catching_up: false` alone
   * does not mean that a node is at the tip. Answers its height.
   */
  async waitUntilFollowing(source: ChainRpc, timeoutMs = 60_000): Promise<number> {
    let seen = 'no status yet';
    return waitFor(
      async () => {
        const tip = await source.height();
        const { latest_block_height: height, catching_up: catchingUp } = Status.parse(
          await this.rpc('/status'),
        ).sync_info;
        seen = `it is at ${height} of ${tip}, catching_up is ${String(catchingUp)}`;
        return !catchingUp && height >= tip - FOLLOWING_BLOCKS ? height : undefined;
      },
      { what: `${this.rpcUrl} to follow ${source.rpcUrl}`, timeoutMs, intervalMs: 50, detail: () => seen },
    );
  }
}

/**
 * The settings of a section [statesync] with which a node trusts the chain of `servers` from `height` on, for state sync (with `enable`) or for
 * `comet bootstrap-state`. CometBFT asks two servers or more, and holds their answers against each other.
 */
export async function trustedSettings(
  servers: readonly [ChainRpc, ChainRpc, ...ChainRpc[]],
  height: number,
): Promise<Readonly<Record<string, string | number>>> {
  const rpcServers = servers.map(({ rpcUrl }) => rpcUrl).join(',');
  return { rpc_servers: rpcServers, ...(await servers[0].trustAt(height)) };
}
