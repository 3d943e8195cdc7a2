// A real chain of the Cosmos SDK on loopback: nodes with an application.db, an app.toml and the SDK's snapshots, of which others restore.
import { readFile, writeFile } from 'node:fs/promises';
import { bareEnvironment } from './config.ts';
import type { ChainNode } from './chain/chain-node.ts';
import type { NodeConfig } from './chain/node-config.ts';
import { NodeGroup } from './chain/node-group.ts';
import { SdkCommands } from './chain/sdk-commands.ts';
import { mustRun } from './process/run-command.ts';
import { findProgram } from './programs/find-program.ts';
import type { FindProgramOptions } from './programs/find-program.ts';
import { waitFor } from './wait.ts';

export interface SdkChainOptions {
  /** Of equal power (default 2): of two, both are needed for a block. */
  readonly validators?: number;
  /** Default nodetask-sdk-1. */
  readonly chainId?: string;
  /** Pause after each block (default 50ms). */
  readonly timeoutCommit?: string;
  /** Every node takes a snapshot each so many blocks (default 20). */
  readonly snapshotInterval?: number;
  /** The newest snapshots that every node keeps (default 10): more blocks than are made in a node's discovery_time. */
  readonly snapshotKeepRecent?: number;
  /** State that says nothing (default none): 15 MiB give a snapshot of two chunks, which takes seconds. */
  readonly fillerMiB?: number;
  /** Blocks that every node keeps as evidence (default: the SDK's 100,000), however few its app.toml asks for. */
  readonly evidenceMaxAgeBlocks?: number;
  /** More settings of the validators' config.toml. */
  readonly config?: NodeConfig;
  readonly programs?: FindProgramOptions;
}

export interface SdkNodeOptions {
  /** Name of its home folder (default node-<n>). */
  readonly name?: string;
  /** A home that may hold data already, for instance of a restore, but no genesis (default: an empty folder). */
  readonly home?: string;
  /** "id@host:port" of the nodes that it connects to (default: the validators). */
  readonly persistentPeers?: readonly string[];
  /** More settings of its config.toml. */
  readonly config?: NodeConfig;
  /** More settings of its app.toml. */
  readonly appConfig?: NodeConfig;
}

/** Makes the homes of the validators, starts them and waits until their RPC answers. stop() ends every node and removes the homes. */
export async function startSdkChain(options: SdkChainOptions = {}): Promise<SdkChain> {
  const program = await findProgram('sdk-node', options.programs);
  const group = await NodeGroup.create(options.timeoutCommit ?? '50ms');
  try {
    const chain = await SdkChain.create(group, program, options);
    await Promise.all(chain.validators.map(async (validator) => validator.start()));
    return chain;
  } catch (error) {
    await group.stop();
    throw error;
  }
}

/** Use startSdkChain(). */
export class SdkChain implements AsyncDisposable {
  readonly validators: readonly ChainNode[];
  readonly #group: NodeGroup;
  readonly #program: string;
  /** The section of that name in every app.toml. */
  readonly #stateSync: Readonly<Record<string, number>>;
  #added = 0;

  private constructor(
    group: NodeGroup,
    program: string,
    validators: readonly ChainNode[],
    stateSync: Readonly<Record<string, number>>,
  ) {
    this.#group = group;
    this.#program = program;
    this.validators = validators;
    this.#stateSync = stateSync;
  }

  /** Makes the validators and their genesis; starts nothing. */
  static async create(group: NodeGroup, program: string, options: SdkChainOptions): Promise<SdkChain> {
    const { snapshotInterval = 20, snapshotKeepRecent = 10 } = options;
    const stateSync = { 'snapshot-interval': snapshotInterval, 'snapshot-keep-recent': snapshotKeepRecent };
    const validators: ChainNode[] = [];
    for (let index = 0; index < (options.validators ?? 2); index += 1) {
      validators.push(
        await group.add(`validator-${index}`, {
          program,
          app: { kind: 'sdk' },
          persistentPeers: [],
          config: options.config ?? {},
          appConfig: { 'state-sync': stateSync },
        }),
      );
    }
    const genesis = await makeGenesis(program, validators, options);
    for (const validator of validators) {
      await writeFile(validator.genesisFile, genesis);
      const others = validators.filter((other) => other !== validator);
      await validator.configure({ p2p: { persistent_peers: peersOf(others).join(',') } });
    }
    return new SdkChain(group, program, validators, stateSync);
  }

  /** One more node with the same genesis. It is made, not started. */
  async addNode(options: SdkNodeOptions = {}): Promise<ChainNode> {
    const [validator] = this.validators;
    if (validator === undefined) throw new Error('the chain has no validator to take the genesis from');
    this.#added += 1;
    const {
      name = `node-${this.#added}`,
      persistentPeers = peersOf(this.validators),
      config = {},
      appConfig,
      ...rest
    } = options;
    return this.#group.add(name, {
      ...rest,
      program: this.#program,
      app: { kind: 'sdk' },
      genesis: await readFile(validator.genesisFile, 'utf8'),
      persistentPeers,
      config,
      appConfig: {
        ...appConfig,
        'state-sync': { ...this.#stateSync, ...appConfig?.['state-sync'] },
      },
    });
  }

  /** Waits until the node has taken a snapshot of `height` or a later one. It does so beside its blocks, and only its log says when it is done. */
  async untilSnapshot(node: ChainNode, height: number): Promise<void> {
    await waitFor(
      async () => {
        const taken = (await node.process.log()).matchAll(/completed state snapshot format=\d+ height=(\d+)/g);
        return [...taken].some(([, seen]) => Number(seen) >= height);
      },
      { what: `${node.rpcUrl} to take a snapshot of height ${height} or later`, timeoutMs: 60_000 },
    );
  }

  /** The commands of the SDK on a home, whose node must not run. */
  commands(home: string): SdkCommands {
    return new SdkCommands(this.#program, home);
  }

  async stop(): Promise<void> {
    await this.#group.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function makeGenesis(
  program: string,
  validators: readonly ChainNode[],
  { chainId = 'nodetask-sdk-1', fillerMiB = 0, evidenceMaxAgeBlocks }: SdkChainOptions,
): Promise<string> {
  const homes = validators.map(({ home }) => home);
  const { stdout } = await mustRun(
    program,
    ['genesis', '--chain-id', chainId, '--filler', String(fillerMiB), ...homes],
    { env: bareEnvironment({}) },
  );
  return evidenceMaxAgeBlocks === undefined ? stdout : withEvidenceAge(stdout, evidenceMaxAgeBlocks);
}

interface Genesis {
  readonly consensus: { readonly params: { readonly evidence: Readonly<Record<string, unknown>> } };
}

const withEvidenceAge = (text: string, blocks: number): string => {
  const genesis = JSON.parse(text) as Genesis;
  const { params } = genesis.consensus;
  const evidence = { ...params.evidence, max_age_num_blocks: String(blocks) };
  return JSON.stringify({ ...genesis, consensus: { ...genesis.consensus, params: { ...params, evidence } } });
};

const peersOf = (nodes: readonly ChainNode[]): string[] => nodes.map(({ peerAddress }) => peerAddress);
