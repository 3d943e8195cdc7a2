// The nodes of one chain, in a temp folder with their homes.
import { join } from 'node:path';
import { loadConfig } from '../config.ts';
import { makeTempFolder } from '../temp-folder.ts';
import type { TempFolder } from '../temp-folder.ts';
import { ChainNode } from './chain-node.ts';
import type { ChainNodeOptions } from './chain-node.ts';

export class NodeGroup implements AsyncDisposable {
  readonly #folder: TempFolder;
  readonly #timeoutCommit: string;
  readonly #nodes: ChainNode[] = [];

  private constructor(folder: TempFolder, timeoutCommit: string) {
    this.#folder = folder;
    this.#timeoutCommit = timeoutCommit;
  }

  /** `timeoutCommit`: the pause after each block, of every node whose own settings do not say otherwise. */
  static async create(timeoutCommit: string): Promise<NodeGroup> {
    return new NodeGroup(await makeTempFolder(loadConfig().tempRoot, 'chain'), timeoutCommit);
  }

  /** Makes a node in the folder `name`, or at `home`; starts nothing. */
  async add(name: string, { home, config, ...options }: NewNodeOptions): Promise<ChainNode> {
    const node = await ChainNode.create({
      ...options,
      home: home ?? join(this.#folder.path, name),
      config: { ...config, consensus: { timeout_commit: this.#timeoutCommit, ...config.consensus } },
    });
    this.#nodes.push(node);
    return node;
  }

  /** Ends every node, the newest first, and removes the homes. */
  async stop(): Promise<void> {
    for (const node of this.#nodes.toReversed()) await node.stop();
    await this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export interface NewNodeOptions extends Omit<ChainNodeOptions, 'home'> {
  readonly home?: string;
}
