// A real CometBFT chain on loopback: one validator that makes blocks, and as many nodes that follow it as a test wants.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChainNode } from './chain/chain-node.ts';
import type { ChainApp } from './chain/chain-app.ts';
import type { NodeConfig } from './chain/node-config.ts';
import { loadConfig } from './config.ts';
import { findProgram } from './programs/find-program.ts';
import type { FindProgramOptions } from './programs/find-program.ts';
import { makeTempFolder } from './temp-folder.ts';
import type { TempFolder } from './temp-folder.ts';

export interface ChainOptions {
  /** The application: CometBFT's kvstore (default), or its e2e application, which takes snapshots that a new node can state-sync from. */
  readonly app?: 'kvstore' | 'e2e';
  /**
   * Only with the e2e application: a snapshot each so many blocks (default 100). The newest 10 are kept, so the interval must cover more
   * blocks than are made in the node's discovery_time, or the snapshot that it chose is gone when it asks for it.
   */
  readonly snapshotInterval?: number;
  /** Default nodetask-1. */
  readonly chainId?: string;
  /** Pause after each block: about 15 blocks a second at the default of 50ms, 71 at 10ms. */
  readonly timeoutCommit?: string;
  /** More settings of the validator's config.toml. */
  readonly config?: NodeConfig;
  readonly programs?: FindProgramOptions;
}

export interface FollowerOptions {
  /** Name of its home folder (default node-<n>). */
  readonly name?: string;
  /** "id@host:port" of the nodes that it connects to (default: the validator; [] for a node whose peers a task is to write). */
  readonly persistentPeers?: readonly string[];
  readonly config?: NodeConfig;
}

const DEFAULT_SNAPSHOT_INTERVAL = 100;

/** Makes the validator's home, starts it and waits until its RPC answers. stop() ends every node and removes the homes. */
export async function startChain(options: ChainOptions = {}): Promise<Chain> {
  const program = await findProgram('cometbft', options.programs);
  const app = await findApp(options);
  const folder = await makeTempFolder(loadConfig().tempRoot, 'chain');
  const timeoutCommit = options.timeoutCommit ?? '50ms';
  try {
    const validator = await ChainNode.create({
      program,
      app,
      home: join(folder.path, 'validator'),
      chainId: options.chainId ?? 'nodetask-1',
      persistentPeers: [],
      config: withTimeoutCommit(options.config ?? {}, timeoutCommit),
    });
    const chain = new Chain({ program, app }, folder, validator, timeoutCommit);
    await validator.start();
    return chain;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function findApp(options: ChainOptions): Promise<ChainApp> {
  if (options.app !== 'e2e') return { kind: 'kvstore' };
  return {
    kind: 'e2e',
    program: await findProgram('cometbft-e2e-node', options.programs),
    snapshotInterval: options.snapshotInterval ?? DEFAULT_SNAPSHOT_INTERVAL,
  };
}

interface ChainSoftware {
  /** The cometbft program. */
  readonly program: string;
  readonly app: ChainApp;
}

/** Use startChain(). */
export class Chain implements AsyncDisposable {
  readonly validator: ChainNode;
  readonly #software: ChainSoftware;
  readonly #folder: TempFolder;
  readonly #timeoutCommit: string;
  readonly #followers: ChainNode[] = [];

  constructor(software: ChainSoftware, folder: TempFolder, validator: ChainNode, timeoutCommit: string) {
    this.#software = software;
    this.#folder = folder;
    this.validator = validator;
    this.#timeoutCommit = timeoutCommit;
  }

  /** A second home with the same genesis, connected to the validator. It is made, not started. */
  async addFollower(options: FollowerOptions = {}): Promise<ChainNode> {
    const follower = await ChainNode.create({
      ...this.#software,
      home: join(this.#folder.path, options.name ?? `node-${this.#followers.length + 1}`),
      genesis: await readFile(this.validator.genesisFile, 'utf8'),
      persistentPeers: options.persistentPeers ?? [this.validator.peerAddress],
      config: withTimeoutCommit(options.config ?? {}, this.#timeoutCommit),
    });
    this.#followers.push(follower);
    return follower;
  }

  async stop(): Promise<void> {
    for (const follower of this.#followers) await follower.stop();
    await this.validator.stop();
    await this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function withTimeoutCommit(config: NodeConfig, timeoutCommit: string): NodeConfig {
  return { ...config, consensus: { timeout_commit: timeoutCommit, ...config.consensus } };
}
