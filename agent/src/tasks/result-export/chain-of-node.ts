import { TaskError } from '@nodetask/shared';
import type { NodeHome } from '../../node/node-home.ts';
import { type ChainVerified, findOwnChain } from '../../node/own-chain.ts';

/** Holds the chain that an RPC is on against that of the node's own genesis, which is read once in a run: it may be large, and stays the same. */
export class ChainOfNode {
  readonly #home: NodeHome;
  readonly #rpcEndpoint: string;
  readonly #signal: AbortSignal;
  /** Of the node's own genesis, once it was looked for. */
  #own: { readonly chainId: string | undefined } | undefined;
  #verified: ChainVerified | undefined;

  constructor(home: NodeHome, rpcEndpoint: string, signal: AbortSignal) {
    this.#home = home;
    this.#rpcEndpoint = rpcEndpoint;
    this.#signal = signal;
  }

  /** Undefined before the first check. */
  get verified(): ChainVerified | undefined {
    return this.#verified;
  }

  /** Throws TaskError `chain-mismatch`. */
  async refuseOther(chainId: string): Promise<void> {
    this.#own ??= { chainId: await findOwnChain(this.#home, this.#signal) };
    const own = this.#own.chainId;
    if (own === undefined || own === chainId) {
      this.#verified = own === undefined ? 'genesis-missing' : 'verified';
      return;
    }
    throw new TaskError(
      'chain-mismatch',
      `${this.#rpcEndpoint} is on chain ${chainId}, but config/genesis.json of the node says ${own}; nothing was exported: check target and rpcEndpoint`,
    );
  }
}
