// One node of a chain: its home folder, its process, its RPC.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { ManagedProcess } from '../process/managed-process.ts';
import { mustRun } from '../process/run-command.ts';
import { freeLoopbackAddress } from '../net/free-port.ts';
import { waitFor } from '../wait.ts';
import { appFiles, initArguments, nodeCommand, nodeIdArguments, withAppVersion } from './chain-app.ts';
import type { ChainApp } from './chain-app.ts';
import { ChainRpc } from './chain-rpc.ts';
import { setNodeConfig } from './node-config.ts';
import type { NodeConfig } from './node-config.ts';

const RPC_PORT = 26_657;
const P2P_PORT = 26_656;
const READY_TIMEOUT_MS = 20_000;

export interface ChainNodeOptions {
  /** cometbft, or sdk-node where the application is the SDK's. */
  readonly program: string;
  readonly app: ChainApp;
  /** Made by the program's `init`. It may exist, but must not have a genesis. */
  readonly home: string;
  /** The chain's genesis file; without it the node makes one and is the only validator. */
  readonly genesis?: string;
  /** Replaces the generated chain id (only without `genesis`). */
  readonly chainId?: string;
  /** "id@host:port" of the nodes to connect to. */
  readonly persistentPeers: readonly string[];
  /** More settings, over those that the testbed makes. */
  readonly config: NodeConfig;
  /** Settings of app.toml, which only a node of the SDK has. */
  readonly appConfig?: NodeConfig;
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

  private constructor({ home, program, app }: ChainNodeOptions, address: string, nodeId: string) {
    super(`http://${address}:${RPC_PORT}`);
    this.home = home;
    this.configFile = join(home, 'config', 'config.toml');
    this.genesisFile = join(home, 'config', 'genesis.json');
    this.address = address;
    this.nodeId = nodeId;
    this.process = new ManagedProcess({
      name: `node ${address}`,
      logFile: join(home, 'node.log'),
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
    const { program, app, home } = options;
    const address = await freeLoopbackAddress(RPC_PORT);
    await mustRun(program, initArguments(app, home));
    const { stdout } = await mustRun(program, nodeIdArguments(app, home));
    const node = new ChainNode(options, address, stdout.trim());
    const genesis =
      options.genesis ?? withAppVersion(withChainId(await readFile(node.genesisFile, 'utf8'), options.chainId), app);
    await writeFile(node.genesisFile, genesis);
    for (const [path, text] of Object.entries(appFiles(app, home, genesis))) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    await node.configure({
      // The SDK would have all nodes of the machine profile at one port.
      rpc: { laddr: `tcp://${address}:${RPC_PORT}`, pprof_laddr: '' },
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
    await node.configure(options.config);
    if (options.appConfig !== undefined) {
      const file = join(home, 'config', 'app.toml');
      await writeFile(file, setNodeConfig(await readFile(file, 'utf8'), options.appConfig, 'app.toml'));
    }
    return node;
  }

  /** Changes config.toml; the node takes it at its next start. */
  async configure(config: NodeConfig): Promise<void> {
    await writeFile(this.configFile, setNodeConfig(await readFile(this.configFile, 'utf8'), config));
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
