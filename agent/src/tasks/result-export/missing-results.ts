/**
 * Answers to `block_results` that say that the node does not have the results, and will not have them later. The texts are CometBFT's:
 * https://github.com/cometbft/cometbft/blob/v0.38.x/rpc/core/blocks.go and state/errors.go; those before v0.38 say "ABCI responses".
 */
import { TaskError } from '@nodetask/shared';

/** The node has nothing below `lowestHeight`. */
export interface PrunedAnswer {
  readonly kind: 'pruned';
  readonly lowestHeight: number;
}

export type MissingResults = PrunedAnswer | { readonly kind: 'discarded' | 'absent' };

/** Undefined if the error is another one, which may pass. */
export const missingResultsOf = (error: unknown): MissingResults | undefined => {
  const said = error instanceof TaskError ? error.details?.['rpcError'] : undefined;
  if (typeof said !== 'string') return undefined;
  const lowest = /lowest height is (\d{1,16})/.exec(said)?.[1];
  if (lowest !== undefined) return { kind: 'pruned', lowestHeight: Number(lowest) };
  if (/not persisting (?:finalize block|abci) responses/i.test(said)) return { kind: 'discarded' };
  return /could not find results for height/i.test(said) ? { kind: 'absent' } : undefined;
};

/** The error that a task ends with, and what to do. */
export const missingResultsError = (
  missing: Exclude<MissingResults, PrunedAnswer>,
  height: number,
  rpcEndpoint: string,
  cause: unknown,
): TaskError =>
  missing.kind === 'discarded'
    ? new TaskError(
        'results-discarded',
        `${rpcEndpoint} does not keep the results of blocks (asked for height ${height}): set storage.discard_abci_responses = false in its config.toml and restart it; what it has discarded only another node has`,
        { cause },
      )
    : new TaskError(
        'results-missing',
        `${rpcEndpoint} has block ${height} but not its results, as it did not keep them then: give the rpcEndpoint of a node that has them, or another prefix with a startHeight above ${height}`,
        { cause },
      );
