import { TaskError } from '@nodetask/shared';
import type { NodeStatus } from '../../node/node-status.ts';
import type { HeightRange } from './export-destination.ts';
import type { ExportState } from './export-state.ts';

/** What decides what is exported next. */
export interface PlanInput {
  readonly state: ExportState | undefined;
  readonly status: Pick<NodeStatus, 'chainId' | 'earliestHeight' | 'latestHeight'>;
  /** For messages. */
  readonly rpcEndpoint: string;
  readonly startHeight?: number | undefined;
  /** The last block that seictl has exported from this node, before this agent exported anything. */
  readonly exportedBySeictl?: number | undefined;
  /** Height of the snapshot that was restored into this node. */
  readonly restoredHeight?: number | undefined;
  readonly pageSize: number;
  /** Export what is left although it does not fill a page. */
  readonly partialPage: boolean;
}

export type ExportPlan =
  /** Pages of `pageSize` blocks from `from` to `to`; the last may be shorter. */
  | {
      readonly kind: 'pages';
      readonly from: number;
      readonly to: number;
      readonly pageSize: number;
      /** Blocks that can be exported now, over this plan and those that follow it. */
      readonly exportable: number;
    }
  | {
      readonly kind: 'nothing';
      readonly reason: NothingReason;
      /** The first block that is not exported. */
      readonly from: number;
      /** Blocks that are there and wait for more to fill a page. */
      readonly waiting: number;
      /** Blocks that have to be made before there is something to export. */
      readonly missing: number;
      /** The newest block that the node has. */
      readonly latest: number;
    };

export type NothingPlan = Extract<ExportPlan, { kind: 'nothing' }>;

export type NothingReason =
  /** Everything that the node has is exported. */
  | 'no-new-blocks'
  /** There are new blocks, too few for a page. */
  | 'page-not-full'
  /** The node has not reached the first height that is wanted. */
  | 'start-not-reached'
  /** The node is below what was exported from it or another: it was reset, or it catches up. */
  | 'node-behind';

/** A plan covers so many blocks at most, or one page: then the node is asked anew which chain it is on and what it has pruned. */
const planBlocks = 10_000;

/**
 * What to export next. A page that was begun is finished first, with the range that it began with: it may be at the destination already.
 * Throws TaskError `chain-mismatch`, `start-height-conflict` or `blocks-pruned`.
 */
export const planExport = (input: PlanInput): ExportPlan => {
  const { state, status, pageSize } = input;
  const { latestHeight } = status;
  refuseOtherChain(input);
  refuseGap(input);
  const from = firstHeight(input);
  refusePruned(input, from);
  const waiting = Math.max(0, latestHeight - from + 1);
  const begun = state?.begun;
  if (begun !== undefined) {
    if (begun.to > latestHeight) {
      return {
        kind: 'nothing',
        reason: 'node-behind',
        from,
        waiting,
        missing: begun.to - latestHeight,
        latest: latestHeight,
      };
    }
    return { kind: 'pages', ...begun, pageSize: begun.to - begun.from + 1, exportable: begun.to - begun.from + 1 };
  }
  const pages = Math.floor(waiting / pageSize);
  if (pages > 0) {
    const taken = Math.min(pages, Math.max(1, Math.floor(planBlocks / pageSize)));
    const exportable = input.partialPage ? waiting : pages * pageSize;
    return { kind: 'pages', from, to: from + taken * pageSize - 1, pageSize, exportable };
  }
  if (input.partialPage && waiting > 0) {
    return { kind: 'pages', from, to: latestHeight, pageSize, exportable: waiting };
  }
  const missing = from + (input.partialPage ? 1 : pageSize) - 1 - latestHeight;
  return { kind: 'nothing', reason: reasonOf(input, waiting), from, waiting, missing, latest: latestHeight };
};

/** The pages of a plan, in order. */
export function* pagesOf({ from, to, pageSize }: HeightRange & { readonly pageSize: number }): Generator<HeightRange> {
  for (let first = from; first <= to; first += pageSize) yield { from: first, to: Math.min(first + pageSize - 1, to) };
}

const reasonOf = ({ state, status: { latestHeight } }: PlanInput, waiting: number): NothingReason => {
  if (waiting > 0) return 'page-not-full';
  if (state?.exported === undefined) return 'start-not-reached';
  return latestHeight === state.exported ? 'no-new-blocks' : 'node-behind';
};

const firstHeight = ({ state, status, startHeight, exportedBySeictl, restoredHeight }: PlanInput): number => {
  if (state?.begun !== undefined) return state.begun.from;
  if (state?.exported !== undefined) return state.exported + 1;
  if (startHeight === undefined && exportedBySeictl !== undefined) return exportedBySeictl + 1;
  // A node that was restored has results of the blocks after the snapshot, whatever headers it fetched from before it.
  return startHeight ?? Math.max(1, status.earliestHeight, (restoredHeight ?? 0) + 1);
};

const refuseOtherChain = ({ state, status: { chainId }, rpcEndpoint }: PlanInput): void => {
  if (state === undefined || state.chainId === chainId) return;
  throw new TaskError(
    'chain-mismatch',
    `${rpcEndpoint} is on chain ${chainId}, and this destination holds results of ${state.chainId}; nothing was exported: ` +
      'correct rpcEndpoint, or give each chain a prefix of its own',
  );
};

/** A start above where the export goes on would leave a gap. One below it has been reached already. */
const refuseGap = ({ state, startHeight }: PlanInput): void => {
  if (startHeight === undefined || state?.exported === undefined || startHeight <= state.exported + 1) return;
  throw new TaskError(
    'start-height-conflict',
    `startHeight is ${startHeight}, and this destination holds blocks up to ${state.exported}; nothing was exported: leave startHeight out to go on at ${state.exported + 1}, or give another prefix`,
  );
};

const refusePruned = (
  { state, status: { earliestHeight }, startHeight, exportedBySeictl, rpcEndpoint }: PlanInput,
  from: number,
): void => {
  if (from >= earliestHeight) return;
  throw blocksPruned(from, earliestHeight, rpcEndpoint, undefined, advice());

  function advice(): string {
    const other = `give the rpcEndpoint of a node that still has block ${from}`;
    if (state !== undefined) return `${other}, or begin anew under another prefix with a startHeight`;
    return startHeight === undefined && exportedBySeictl !== undefined
      ? `seictl exported up to ${exportedBySeictl}: ${other}, or a startHeight of at least ${earliestHeight}, which leaves a gap`
      : `give a startHeight of at least ${earliestHeight}, or the rpcEndpoint of a node that has older blocks`;
  }
};

/** The node no longer has a block that is to be exported; `lowestHeight` stands in its details. */
export const blocksPruned = (
  height: number,
  lowestHeight: number,
  rpcEndpoint: string,
  cause?: unknown,
  advice = `give the rpcEndpoint of a node that still has block ${height}`,
): TaskError =>
  new TaskError(
    'blocks-pruned',
    `the next block to export is ${height}, and ${rpcEndpoint} has blocks from ${lowestHeight} only; nothing was skipped: ${advice}`,
    { details: { lowestHeight }, ...(cause === undefined ? {} : { cause }) },
  );
