// One CometBFT node: its home folder, its process, its RPC.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { ManagedProcess } from '../process/managed-process.ts';
import { mustRun } from '../process/run-command.ts';
import { freeLoopbackAddress } from '../net/free-port.ts';
import { waitFor } from '../wait.ts';
import { appFiles, nodeCommand, withAppVersion } from './chain-app.ts';
import type { ChainApp } from './chain-app.ts';
import { setNodeConfig } from './node-config.ts';
import type { NodeConfig } from './node-config.ts';

const RPC_PORT = 26_657;
const P2P_PORT = 26_656;
const READY_TIMEOUT_MS = 20_000;
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

export interface ChainNodeOptions {
  readonly program: string;
  readonly app: ChainApp;
  /** Made by `cometbft init`; must not exist or be empty. */
  readonly home: string;
  /** The chain's genesis file; without it the node makes one and is the only validator. */
  readonly genesis?: string;
  /** Replaces the generated chain id (only without `genesis`). */
  readonly chainId?: string;
  /** "id@host:port" of the nodes to connect to. */
  readonly persistentPeers: readonly string[];
  /** More settings, over those that the testbed makes. */
  readonly config: NodeConfig;
}

export class ChainNode implements AsyncDisposable {
  /** Holds config/ and data/: an agent's NODETASK_HOME. */
  readonly home: string;
  readonly configFile: string;
  readonly genesisFile: string;
  /** In 127.0.0.0/8. */
  readonly address: string;
  /** http://127.x.y.z:26657 */
  readonly rpcUrl: string;
  /** Hex address of the node's key, as `cometbft show-node-id` prints it. */
  readonly nodeId: string;
  readonly process: ManagedProcess;

  private constructor(home: string, address: string, nodeId: string, program: string, app: ChainApp) {
    this.home = home;
    this.configFile = join(home, 'config', 'config.toml');
    this.genesisFile = join(home, 'config', 'genesis.json');
    this.address = address;
    this.rpcUrl = `http://${address}:${RPC_PORT}`;
    this.nodeId = nodeId;
    this.process = new ManagedProcess({
      name: `cometbft ${address}`,
      logFile: join(home, 'cometbft.log'),
      command: () => nodeCommand(app, program, home),
      ready: async (signal) => {
        await waitFor(async () => (await this.#tryStatus()) !== undefined, {
          what: `${this.rpcUrl}/status to answer`,
          timeoutMs: READY_TIMEOUT_MS,
          intervalMs: 20,
          signal,
        });
      },
    });
  }

  /** Makes the home; starts nothing. */
  static async create(options: ChainNodeOptions): Promise<ChainNode> {
    const { program, home } = options;
    const address = await freeLoopbackAddress(RPC_PORT);
    await mustRun(program, ['init', '--home', home]);
    const { stdout } = await mustRun(program, ['show-node-id', '--home', home]);
    const node = new ChainNode(home, address, stdout.trim(), program, options.app);
    const genesis =
      options.genesis ??
      withAppVersion(withChainId(await readFile(node.genesisFile, 'utf8'), options.chainId), options.app);
    await writeFile(node.genesisFile, genesis);
    for (const [path, text] of Object.entries(appFiles(options.app, home, genesis))) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    const generated = await readFile(node.configFile, 'utf8');
    const own = setNodeConfig(generated, {
      rpc: { laddr: `tcp://${address}:${RPC_PORT}` },
      p2p: {
        laddr: `tcp://${address}:${P2P_PORT}`,
        persistent_peers: options.persistentPeers.join(','),
        addr_book_strict: false,
        allow_duplicate_ip: true,
        // With the default of 100 ms a chain of fast blocks runs away from a node that follows it.
        flush_throttle_timeout: '5ms',
      },
      // The same: a node that is behind gets one part or vote of a block each time.
      consensus: { peer_gossip_sleep_duration: '5ms' },
    });
    await writeFile(node.configFile, setNodeConfig(own, options.config));
    return node;
  }

  /** For other nodes' persistent_peers. */
  get peerAddress(): string {
    return `${this.nodeId}@${this.address}:${P2P_PORT}`;
  }

  /** Starts the node and waits until its RPC answers. */
  async start(): Promise<void> {
    await this.process.start();
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
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
  async waitUntilFollowing(source: ChainNode, timeoutMs = 60_000): Promise<number> {
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

  async #tryStatus(): Promise<unknown> {
    try {
      return await this.rpc('/status');
    } catch {
      // Not listening yet. An error that stays ends the wait by its budget, a process that ends by its exit.
      return undefined;
    }
  }
}

function withChainId(genesis: string, chainId: string | undefined): string {
  if (chainId === undefined) return genesis;
  const document = z.looseObject({ chain_id: z.string() }).parse(JSON.parse(genesis));
  return `${JSON.stringify({ ...document, chain_id: chainId }, null, 2)}\n`;
}
