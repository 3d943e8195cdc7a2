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
import { ChainRpc } from './chain-rpc.ts';
import { setNodeConfig } from './node-config.ts';
import type { NodeConfig } from './node-config.ts';

const RPC_PORT = 26_657;
const P2P_PORT = 26_656;
const READY_TIMEOUT_MS = 20_000;

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

export class ChainNode extends ChainRpc implements AsyncDisposable {
  /** Holds config/ and data/: an agent's NODETASK_HOME. */
  readonly home: string;
  readonly configFile: string;
  readonly genesisFile: string;
  /** In 127.0.0.0/8. */
  readonly address: string;
  /** Hex address of the node's key, as `cometbft show-node-id` prints it. */
  readonly nodeId: string;
  readonly process: ManagedProcess;

  private constructor(home: string, address: string, nodeId: string, program: string, app: ChainApp) {
    super(`http://${address}:${RPC_PORT}`);
    this.home = home;
    this.configFile = join(home, 'config', 'config.toml');
    this.genesisFile = join(home, 'config', 'genesis.json');
    this.address = address;
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

  /** Changes its config.toml; it counts from the next start. */
  async configure(config: NodeConfig): Promise<void> {
    await writeFile(this.configFile, setNodeConfig(await readFile(this.configFile, 'utf8'), config));
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
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
