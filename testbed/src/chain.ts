// A real CometBFT chain on loopback: one validator that makes blocks, and as many nodes that follow it as a test wants.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChainNode } from './chain/chain-node.ts';
import type { NodeConfig } from './chain/node-config.ts';
import { loadConfig } from './config.ts';
import { findProgram } from './programs/find-program.ts';
import type { FindProgramOptions } from './programs/find-program.ts';
import { makeTempFolder } from './temp-folder.ts';
import type { TempFolder } from './temp-folder.ts';

export interface ChainOptions {
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
  readonly config?: NodeConfig;
}

/** Makes the validator's home, starts it and waits until its RPC answers. stop() ends every node and removes the homes. */
export async function startChain(options: ChainOptions = {}): Promise<Chain> {
  const program = await findProgram('cometbft', options.programs);
  const folder = await makeTempFolder(loadConfig().tempRoot, 'chain');
  const timeoutCommit = options.timeoutCommit ?? '50ms';
  try {
    const validator = await ChainNode.create({
      program,
      home: join(folder.path, 'validator'),
      chainId: options.chainId ?? 'nodetask-1',
      persistentPeers: [],
      config: withTimeoutCommit(options.config ?? {}, timeoutCommit),
    });
    const chain = new Chain(program, folder, validator, timeoutCommit);
    await validator.start();
    return chain;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

export class Chain implements AsyncDisposable {
  readonly validator: ChainNode;
  readonly #program: string;
  readonly #folder: TempFolder;
  readonly #timeoutCommit: string;
  readonly #followers: ChainNode[] = [];

  constructor(program: string, folder: TempFolder, validator: ChainNode, timeoutCommit: string) {
    this.#program = program;
    this.#folder = folder;
    this.validator = validator;
    this.#timeoutCommit = timeoutCommit;
  }

  /** A second home with the same genesis, connected to the validator. It is made, not started. */
  async addFollower(options: FollowerOptions = {}): Promise<ChainNode> {
    const follower = await ChainNode.create({
      program: this.#program,
      home: join(this.#folder.path, options.name ?? `node-${this.#followers.length + 1}`),
      genesis: await readFile(this.validator.genesisFile, 'utf8'),
      persistentPeers: [this.validator.peerAddress],
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
