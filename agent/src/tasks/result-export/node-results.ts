import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import { type Clock, rpcUrl, type TaskError } from '@nodetask/shared';
import { describeURL } from '../../node/http/http-get.ts';
import { type NodeStatus, readNodeStatus } from '../../node/node-status.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { waitFor } from '../../outside-waits.ts';
import { blockLine } from './block-line.ts';
import { missingResultsError, missingResultsOf } from './missing-results.ts';
import { blocksPruned } from './plan-export.ts';
import { retry } from './retry.ts';
import type { ExportTuning } from './tuning.ts';

export interface NodeResultsOptions {
  readonly rpc: RpcClient;
  readonly clock: Clock;
  readonly rpcEndpoint: string;
  readonly tuning: ExportTuning;
}

/** What an export asks of a node, again for as long as the answer may be another. */
export class NodeResults {
  readonly #options: NodeResultsOptions;
  /** Of the node, by the status that it told last. */
  #latestHeight = 0;

  constructor(options: NodeResultsOptions) {
    this.#options = options;
  }

  async readStatus(signal: AbortSignal): Promise<NodeStatus> {
    const { rpc, rpcEndpoint, tuning } = this.#options;
    const timeoutMs = Math.min(10_000, tuning.callTimeoutMs);
    const status = await this.#retry('status', signal, () => readNodeStatus(rpc, rpcEndpoint, { signal, timeoutMs }));
    this.#latestHeight = status.latestHeight;
    return status;
  }

  /** The line of a block, in pieces. */
  fetch(height: number, maxBytes: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    const { rpc, rpcEndpoint, tuning, clock } = this.#options;
    return this.#retry('block_results', signal, async () => {
      const call = { signal, timeoutMs: tuning.callTimeoutMs, maxBytes, members: ['height'] };
      try {
        const answer = await rpc.callLarge(rpcEndpoint, 'block_results', { height: String(height) }, call);
        return blockLine(height, answer, new Date(clock.now()));
      } catch (error) {
        throw this.#lastingError(error, height) ?? error;
      }
    });
  }

  /** Answers that trying again does not change. Undefined for others. */
  #lastingError(error: unknown, height: number): TaskError | undefined {
    const { rpcEndpoint } = this.#options;
    const missing = missingResultsOf(error);
    if (missing === undefined) return undefined;
    if (missing.kind === 'pruned') return blocksPruned(height, missing.lowestHeight, rpcEndpoint, error);
    // The newest block is there an instant before its results are.
    if (missing.kind === 'absent' && height >= this.#latestHeight) return undefined;
    return missingResultsError(missing, height, rpcEndpoint, error);
  }

  /** The pauses between tries are waits for the node too. */
  #retry<T>(method: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { clock, tuning, rpcEndpoint } = this.#options;
    return waitFor(
      () => `${withoutTrailing(describeURL(new URL(rpcUrl(rpcEndpoint))), '/')}/${method}`,
      async () => retry({ clock, signal, tries: tuning.tries, firstPauseMs: tuning.firstPauseMs }, work),
    );
  }
}
