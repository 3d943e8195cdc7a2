// A real CometBFT chain on loopback: one validator that makes blocks, and as many nodes that follow it as a test wants.
import { readFile } from 'node:fs/promises';
import type { ChainApp } from './chain/chain-app.ts';
import type { ChainNode } from './chain/chain-node.ts';
import type { NodeConfig } from './chain/node-config.ts';
import { NodeGroup } from './chain/node-group.ts';
import { findProgram } from './programs/find-program.ts';
import type { FindProgramOptions } from './programs/find-program.ts';

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
  const group = await NodeGroup.create(options.timeoutCommit ?? '50ms');
  try {
    const validator = await group.add('validator', {
      program,
      app,
      chainId: options.chainId ?? 'nodetask-1',
      persistentPeers: [],
      config: options.config ?? {},
    });
    await validator.start();
    return new Chain({ program, app }, group, validator);
  } catch (error) {
    await group.stop();
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
  readonly #group: NodeGroup;
  #followers = 0;

  constructor(software: ChainSoftware, group: NodeGroup, validator: ChainNode) {
    this.#software = software;
    this.#group = group;
    this.validator = validator;
  }

  /** A second home with the same genesis, connected to the validator. It is made, not started. */
  async addFollower(options: FollowerOptions = {}): Promise<ChainNode> {
    this.#followers += 1;
    return this.#group.add(options.name ?? `node-${this.#followers}`, {
      ...this.#software,
      genesis: await readFile(this.validator.genesisFile, 'utf8'),
      persistentPeers: options.persistentPeers ?? [this.validator.peerAddress],
      config: options.config ?? {},
    });
  }

  async stop(): Promise<void> {
    await this.#group.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
