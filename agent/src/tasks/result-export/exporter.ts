import { isDeepStrictEqual } from 'node:util';
import { type Clock, type JsonObject, type ResultExportParams, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import type { Pledge, TaskContext, TaskReport } from '../../engine/task-handler.ts';
import type { Egress } from '../../node/egress.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { type NodeStatus, readNodeStatus } from '../../node/node-status.ts';
import { type ChainVerified, findOwnChain } from '../../node/own-chain.ts';
import type { RpcClient } from '../../node/rpc-client.ts';
import { readSeictlExported } from '../../node/seictl-files.ts';
import { readSnapshotHeight } from '../../node/snapshot-height.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { openObjectStore } from '../../objectstore/open-object-store.ts';
import type { OnTransfer } from '../../objectstore/store-calls.ts';
import { discardLeftovers } from '../discard-leftovers.ts';
import { refuseOldUpload } from '../upload-age.ts';
import { blockLine } from './block-line.ts';
import { type Block, blocksInOrder } from './block-window.ts';
import { compileDestination, type ExportDestination, type HeightRange } from './export-destination.ts';
import { type ExportState, ExportStateFile } from './export-state.ts';
import { gzipLines } from './gzip-page.ts';
import { missingResultsError, missingResultsOf } from './missing-results.ts';
import { blocksPruned, type ExportPlan, pagesOf, planExport, type PlanInput } from './plan-export.ts';
import { retry } from './retry.ts';
import { defaultTuning, type ExportTuning } from './tuning.ts';
import type { Turns } from './turns.ts';

export interface ExportOptions {
  readonly home: NodeHome;
  /** The agent's own state folder. */
  readonly stateFolder: string;
  /** Base URL of the node's own RPC. */
  readonly nodeRPC: string;
  readonly egress: Egress;
  readonly rpc: RpcClient;
  readonly clock: Clock;
  readonly onTransfer?: OnTransfer;
  readonly tuning?: Partial<ExportTuning>;
}

export interface PassOptions {
  /** Export what is left although it does not fill a page. */
  readonly partialPage: boolean;
  /** Nothing above this height. */
  readonly until?: number;
}

/** What a pass has seen, and done where the plan has pages. */
export interface Pass {
  readonly plan: ExportPlan;
  readonly latestHeight: number;
}

type PagePlan = Extract<ExportPlan, { kind: 'pages' }>;

const sumSchema = z.object({ pages: z.int(), blocks: z.int(), bytes: z.int() });

/** What a run has done, in objects and what is in them. */
type ExportSum = z.output<typeof sumSchema>;

const proofSchema = z.looseObject({
  exported: z.int(),
  /** Of the page that was about to count: nothing is left to export after it. */
  isLast: z.boolean(),
  /** With that page, and without it. */
  sum: sumSchema,
  sumBefore: sumSchema,
});

/** How an interrupted run ended if the page that it pledged counts and was its last. */
export const finishExport = async (
  { params }: TaskContext<ResultExportParams>,
  { report, proof }: Pledge,
  { stateFolder }: ExportOptions,
): Promise<TaskReport | undefined> => {
  const { exported, isLast } = proofSchema.parse(proof);
  const state = await new ExportStateFile(stateFolder, compileDestination(params)).read();
  return isLast && state?.exported !== undefined && state.exported >= exported ? report : undefined;
};

/** In a pass, the times that the node may say that it has pruned blocks which the plan counted on. */
const maxPruningsOfPass = 5;

/** About the size of a block's compressed results, rather too large: the parts of an upload are chosen by it. */
const blockBytes = 1024 * 1024;

/** Where the pages of a plan begin, and the last height that the run is to export. */
interface PagesFrom {
  readonly chainId: string;
  readonly planned: ExportState | undefined;
  readonly until: number;
}

/** The exports of one run, pass by pass, and the sum of what they did. Close it at the end. */
export class Exporter {
  readonly tuning: ExportTuning;
  #sum: ExportSum = { pages: 0, blocks: 0, bytes: 0 };
  #lastExportedHeight: number | undefined;
  #takenOver: string | undefined;
  /** Of the node's own genesis, once it was looked for. */
  #ownChain: { readonly chainId: string | undefined } | undefined;
  #chainVerified: ChainVerified | undefined;
  /** Of the node, by the status that the running pass began with. */
  #latestHeight = 0;
  /** Of the node, by its answers to requests for blocks; some nodes say 0 in their status. */
  #lowestHeight = 0;
  /** The warning that leftovers of interrupted uploads cannot be discarded at this store. */
  #untidy: string | undefined;
  readonly #context: TaskContext<ResultExportParams>;
  readonly #options: ExportOptions;
  readonly #turns: Turns;
  readonly #rpcEndpoint: string;
  readonly #destination: ExportDestination;
  readonly #stateFile: ExportStateFile;
  readonly #store: ObjectStore;

  /** @param turns Of all exports of the process. */
  constructor(context: TaskContext<ResultExportParams>, options: ExportOptions, turns: Turns) {
    this.#turns = turns;
    this.tuning = { ...defaultTuning, ...options.tuning };
    this.#context = context;
    this.#options = options;
    this.#rpcEndpoint = context.params.rpcEndpoint ?? options.nodeRPC;
    this.#destination = compileDestination(context.params);
    this.#stateFile = new ExportStateFile(options.stateFolder, this.#destination);
    this.#store = openObjectStore(this.#destination.location, options);
  }

  /** Blocks that this run has exported. */
  get blocks(): number {
    return this.#sum.blocks;
  }

  get lastExportedHeight(): number | undefined {
    return this.#lastExportedHeight;
  }

  /** The output of the run so far. */
  get output(): JsonObject {
    const last = this.#lastExportedHeight;
    return {
      ...this.#sum,
      ...(last === undefined ? {} : { lastExportedHeight: last }),
      ...(this.#chainVerified === undefined ? {} : { chainVerified: this.#chainVerified }),
    };
  }

  /** The member of a report that holds reasons for doubt; without any there is none. */
  get doubts(): Pick<TaskReport, 'warnings'> {
    const warnings = [this.#takenOver, this.#untidy].filter((warning) => warning !== undefined);
    return warnings.length === 0 ? {} : { warnings };
  }

  /** Throws TaskError `upload-too-old` where the newest complete page is older than `maxAgeSeconds`. @param why Nothing newer comes. */
  async refuseOldPage(why: string): Promise<void> {
    const { kind, submittedAt, params } = this.#context;
    const { maxAgeSeconds } = params;
    if (maxAgeSeconds === undefined) return;
    const newest = await this.#stateFile.newest();
    const now = this.#options.clock.now();
    // A daemon has had no time yet to export its first page.
    if (newest === undefined && kind === 'daemon' && now - Date.parse(submittedAt) <= maxAgeSeconds * 1000) return;
    const place = this.#store.describe(this.#destination.location.prefix);
    refuseOldUpload({ maxAgeSeconds, newest, now, place, why, output: {} });
  }

  close(): void {
    this.#store.close();
  }

  /** Sees what there is to export, and exports it, or a good deal of it. */
  async pass(options: PassOptions): Promise<Pass> {
    for (let left = maxPruningsOfPass; ; left--) {
      try {
        return await this.#tryPass(options);
      } catch (error) {
        // The node has just said what its lowest height is: the plan was made without it.
        const lowest = error instanceof TaskError ? error.details?.['lowestHeight'] : undefined;
        if (left === 0 || typeof lowest !== 'number' || lowest <= this.#lowestHeight) throw error;
        this.#lowestHeight = lowest;
      }
    }
  }

  async #tryPass({ partialPage, until = Number.MAX_SAFE_INTEGER }: PassOptions): Promise<Pass> {
    const { params } = this.#context;
    const status = await this.#readStatus();
    await this.#refuseOtherChain(status.chainId);
    this.#latestHeight = status.latestHeight;
    const earliestHeight = Math.max(status.earliestHeight, this.#lowestHeight);
    const state = await this.#withoutStalePage(await this.#stateFile.read(), earliestHeight);
    this.#lastExportedHeight = state?.exported;
    const plan = planExport({
      state,
      status: { ...status, earliestHeight, latestHeight: Math.min(status.latestHeight, until) },
      rpcEndpoint: this.#rpcEndpoint,
      startHeight: params.startHeight,
      ...(state === undefined && params.startHeight === undefined ? await this.#readBeginning() : {}),
      pageSize: params.pageSize,
      partialPage,
    });
    const last = Math.min(status.latestHeight, until);
    if (plan.kind === 'pages') await this.#exportPages(plan, { chainId: status.chainId, planned: state, until: last });
    return { plan, latestHeight: status.latestHeight };
  }

  /** The first page, as the node's home tells it. It must not fail another, nor one whose beginning is given. */
  async #readBeginning(): Promise<Pick<PlanInput, 'exportedBySeictl' | 'restoredHeight'>> {
    const { home } = this.#options;
    const exportedBySeictl = await readSeictlExported(home);
    if (exportedBySeictl === undefined) return { restoredHeight: await readSnapshotHeight(home) };
    this.#takenOver = `seictl had exported up to ${exportedBySeictl}: the export goes on after that`;
    return { exportedBySeictl };
  }

  /** The genesis is read once in a run: it may be large, and does not change while the node lives. */
  async #refuseOtherChain(chainId: string): Promise<void> {
    this.#ownChain ??= { chainId: await findOwnChain(this.#options.home, this.#context.signal) };
    const own = this.#ownChain.chainId;
    if (own === undefined || own === chainId) {
      this.#chainVerified = own === undefined ? 'genesis-missing' : 'verified';
      return;
    }
    throw new TaskError(
      'chain-mismatch',
      `${this.#rpcEndpoint} is on chain ${chainId}, but config/genesis.json of the node says ${own}; nothing was exported: check target and rpcEndpoint`,
    );
  }

  /**
   * Before anything was exported, a page that was begun need not be finished if its blocks are gone, or if startHeight names another
   * beginning: it is forgotten, unless it is at the destination.
   */
  async #withoutStalePage(state: ExportState | undefined, earliestHeight: number): Promise<ExportState | undefined> {
    const { params, signal } = this.#context;
    if (state?.begun === undefined || state.exported !== undefined) return state;
    const { chainId, begun } = state;
    const isWanted =
      params.startHeight === undefined ? begun.from >= earliestHeight : begun.from === params.startHeight;
    if (isWanted) return state;
    return this.#context.withLocks([this.#destination.lock], async () => {
      await this.#stateFile.prepare();
      const current = await this.#stateFile.read();
      if (!isDeepStrictEqual(current, state)) return current;
      const key = this.#destination.pageKey(begun);
      if ((await this.#store.head(key, { signal })) !== undefined) {
        const exported: ExportState = { chainId, exported: begun.to };
        await this.#stateFile.write(exported);
        return exported;
      }
      await this.#discardLeftover(key);
      await this.#stateFile.forget();
      return undefined;
    });
  }

  async #exportPages(plan: PagePlan, { chainId, planned, until }: PagesFrom): Promise<void> {
    const { signal, params } = this.#context;
    const left = new AbortController();
    // One window over all pages: the next page's blocks come in while the last bytes of this one are stored.
    const blocks = blocksInOrder(plan, {
      fetch: (height, maxBytes, windowSignal) => this.#fetch(height, maxBytes, windowSignal),
      concurrency: params.concurrency,
      budgetBytes: this.tuning.budgetBytes,
      largestBytes: this.tuning.largestBytes,
      turns: this.#turns,
      signal: AbortSignal.any([signal, left.signal]),
    });
    const total = this.#sum.blocks + plan.exportable;
    let state = planned;
    try {
      for (const page of pagesOf(plan)) {
        const before = state;
        const after: ExportState = { chainId, exported: page.to };
        const isWritten = await this.#context.withLocks([this.#destination.lock], async () => {
          await this.#stateFile.prepare();
          // Another task may have exported to the same place since the plan was made.
          if (!isDeepStrictEqual(await this.#stateFile.read(), before)) return false;
          const sumBefore = this.#sum;
          await this.#writePage(page, blocks, { chainId, before, total });
          this.#pledge(page.to, sumBefore, until);
          await this.#stateFile.write(after);
          await this.#stateFile.writeNewest(this.#destination.pageKey(page), new Date(this.#options.clock.now()));
          return true;
        });
        if (!isWritten) return;
        this.#context.advanced();
        this.#lastExportedHeight = page.to;
        state = after;
      }
    } finally {
      left.abort(new Error('the pages are not needed any more'));
      await blocks.return();
    }
  }

  /** A run that is killed once the page counts goes on with what it had done. A daemon never ends with a sum. */
  #pledge(exported: number, sumBefore: ExportSum, until: number): void {
    const { kind, params } = this.#context;
    if (kind === 'daemon') return;
    const isLast = until - exported < (params.partialPage ? 1 : params.pageSize);
    const output = { ...this.#sum, lastExportedHeight: exported };
    const proof = { exported, isLast, sum: { ...this.#sum }, sumBefore: { ...sumBefore } };
    this.#context.pledge({ report: { outcome: 'changed', output, ...this.doubts }, proof });
  }

  /** Takes up the sum of a run that was interrupted, as far as its pages count. */
  async takeUp(): Promise<void> {
    const pledged = this.#context.pledged;
    if (pledged === undefined) return;
    const { exported, sum, sumBefore } = proofSchema.parse(pledged.proof);
    const counted = (await this.#stateFile.read())?.exported;
    // A page that does not count yet is exported again.
    this.#sum = counted !== undefined && counted >= exported ? sum : sumBefore;
    this.#lastExportedHeight = counted;
  }

  /** Writes one page. Its range is on disk before the first byte leaves. */
  async #writePage(
    page: HeightRange,
    blocks: AsyncGenerator<Block>,
    { chainId, before, total }: { readonly chainId: string; readonly before: ExportState | undefined; total: number },
  ): Promise<void> {
    const { signal, logger } = this.#context;
    const key = this.#destination.pageKey(page);
    if (before?.begun === undefined) {
      const { exported } = before ?? {};
      await this.#stateFile.write({ chainId, ...(exported === undefined ? {} : { exported }), begun: page });
    } else {
      await this.#discardLeftover(key);
    }
    const count = page.to - page.from + 1;
    const { bytes } = await this.#store.upload(key, gzipLines(this.#linesOf(page, blocks, total)), {
      signal,
      contentType: 'application/gzip',
      expectedBytes: count * blockBytes,
    });
    const { pages, blocks: done, bytes: sum } = this.#sum;
    this.#sum = { pages: pages + 1, blocks: done + count, bytes: sum + bytes };
    logger.debug('exported a page', { key, blocks: count, bytes });
  }

  /** An interrupted upload of a large page leaves its parts behind, which nobody sees and everybody pays for. */
  async #discardLeftover(key: string): Promise<void> {
    const { signal, logger } = this.#context;
    // It is told once in a run, and a daemon runs for ever.
    if (this.#untidy !== undefined) return;
    const isLeftover = (leftover: string): boolean => leftover === key;
    this.#untidy = await discardLeftovers(this.#store, key, { signal, logger, isLeftover });
  }

  async *#linesOf({ from, to }: HeightRange, blocks: AsyncGenerator<Block>, total: number): AsyncGenerator<Buffer> {
    for (let height = from; height <= to; height++) {
      const next = await blocks.next();
      if (next.done === true || next.value.height !== height)
        throw new Error(`block ${height} is missing in the window`);
      this.#context.progress({ stage: 'export', done: this.#sum.blocks + height - from + 1, total, unit: 'blocks' });
      try {
        yield* next.value.line;
      } finally {
        next.value.release?.();
      }
    }
  }

  #fetch(height: number, maxBytes: number, signal: AbortSignal): Promise<readonly Buffer[]> {
    const { rpc, clock } = this.#options;
    return this.#retry(signal, async () => {
      const call = { signal, timeoutMs: this.tuning.callTimeoutMs, maxBytes, members: ['height'] };
      try {
        const answer = await rpc.callLarge(this.#rpcEndpoint, 'block_results', { height: String(height) }, call);
        return blockLine(height, answer, new Date(clock.now()));
      } catch (error) {
        throw this.#lastingError(error, height) ?? error;
      }
    });
  }

  /** Answers that trying again does not change. Undefined for others. */
  #lastingError(error: unknown, height: number): TaskError | undefined {
    const missing = missingResultsOf(error);
    if (missing === undefined) return undefined;
    if (missing.kind === 'pruned') return blocksPruned(height, missing.lowestHeight, this.#rpcEndpoint, error);
    // The newest block is there an instant before its results are.
    if (missing.kind === 'absent' && height >= this.#latestHeight) return undefined;
    return missingResultsError(missing, height, this.#rpcEndpoint, error);
  }

  #readStatus(): Promise<NodeStatus> {
    const { signal } = this.#context;
    const timeoutMs = Math.min(10_000, this.tuning.callTimeoutMs);
    return this.#retry(signal, () => readNodeStatus(this.#options.rpc, this.#rpcEndpoint, { signal, timeoutMs }));
  }

  #retry<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { tries, firstPauseMs } = this.tuning;
    return retry({ clock: this.#options.clock, signal, tries, firstPauseMs }, work);
  }
}

/** An error with what the run did before it. */
export const withOutput = (error: unknown, output: JsonObject): unknown => {
  if (!(error instanceof TaskError)) return error;
  const { code, message, retriable, details } = error;
  return new TaskError(code, message, {
    cause: error,
    retriable,
    output: { ...error.output, ...output },
    ...(details === undefined ? {} : { details }),
  });
};
