import { isDeepStrictEqual } from 'node:util';
import { type JsonObject, type ResultExportParams, TaskError } from '@nodetask/shared';
import type { TaskContext, TaskReport } from '../../engine/task-handler.ts';
import { readSeictlExported } from '../../node/seictl-files.ts';
import { readSnapshotHeight } from '../../node/snapshot-height.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { openObjectStore } from '../../objectstore/open-object-store.ts';
import { refuseOldUpload } from '../upload-age.ts';
import { type Block, blocksInOrder } from './block-window.ts';
import { ChainOfNode } from './chain-of-node.ts';
import { compileDestination, type ExportDestination, type HeightRange } from './export-destination.ts';
import type { ExportOptions } from './export-options.ts';
import { type ExportState, ExportStateFile } from './export-state.ts';
import { emptySum, exportProof, type ExportSum, sumOf } from './export-pledge.ts';
import { NodeResults } from './node-results.ts';
import { PageWriter } from './page-writer.ts';
import { type ExportPlan, pagesOf, planExport, type PlanInput } from './plan-export.ts';
import { tellExport } from './tell-export.ts';
import { defaultTuning, type ExportTuning } from './tuning.ts';
import type { Turns } from './turns.ts';

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

/** In a pass, the times that the node may say that it has pruned blocks which the plan counted on. */
const maxPruningsOfPass = 5;

/** Where the pages of a plan begin, and the last height that the run is to export. */
interface PagesFrom {
  readonly chainId: string;
  readonly planned: ExportState | undefined;
  readonly until: number;
}

/** The exports of one run, pass by pass, and the sum of what they did. Close it at the end. */
export class Exporter {
  readonly tuning: ExportTuning;
  #sum: ExportSum = emptySum;
  #lastExportedHeight: number | undefined;
  #takenOver: string | undefined;
  /** Of the node, by its answers to requests for blocks; some nodes say 0 in their status. */
  #lowestHeight = 0;
  readonly #context: TaskContext<ResultExportParams>;
  readonly #options: ExportOptions;
  readonly #turns: Turns;
  readonly #rpcEndpoint: string;
  readonly #destination: ExportDestination;
  readonly #stateFile: ExportStateFile;
  readonly #store: ObjectStore;
  readonly #node: NodeResults;
  readonly #writer: PageWriter;
  readonly #chain: ChainOfNode;

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
    this.#writer = new PageWriter(context, this.#store);
    this.#chain = new ChainOfNode(options.home, this.#rpcEndpoint, context.signal);
    const { rpc, clock } = options;
    this.#node = new NodeResults({ rpc, clock, rpcEndpoint: this.#rpcEndpoint, tuning: this.tuning });
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
      ...(this.#chain.verified === undefined ? {} : { chainVerified: this.#chain.verified }),
    };
  }

  /** What the run has exported so far, in words and in numbers. */
  get told(): ReturnType<typeof tellExport> {
    return tellExport(this.#sum, this.#lastExportedHeight);
  }

  /** The member of a report that holds reasons for doubt; without any there is none. */
  get doubts(): Pick<TaskReport, 'warnings'> {
    const warnings = [this.#takenOver, this.#writer.untidy].filter((warning) => warning !== undefined);
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
    const { params, signal } = this.#context;
    const status = await this.#node.readStatus(signal);
    await this.#chain.refuseOther(status.chainId);
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
      await this.#writer.discardLeftover(key);
      await this.#stateFile.forget();
      return undefined;
    });
  }

  async #exportPages(plan: PagePlan, { chainId, planned, until }: PagesFrom): Promise<void> {
    const { signal, params } = this.#context;
    const left = new AbortController();
    // One window over all pages: the next page's blocks come in while the last bytes of this one are stored.
    const blocks = blocksInOrder(plan, {
      fetch: (height, maxBytes, windowSignal) => this.#node.fetch(height, maxBytes, windowSignal),
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
    const proof = exportProof({ exported, isLast, sum: this.#sum, sumBefore });
    const told = tellExport(this.#sum, exported);
    this.#context.pledge({ report: { outcome: 'changed', ...told, output, ...this.doubts }, proof });
  }

  /** Takes up the sum of a run that was interrupted, as far as its pages count. */
  async takeUp(): Promise<void> {
    const pledged = this.#context.pledged;
    if (pledged === undefined) return;
    const state = await this.#stateFile.read();
    this.#sum = sumOf(pledged, state);
    this.#lastExportedHeight = state?.exported;
  }

  /** Writes one page. Its range is on disk before the first byte leaves. */
  async #writePage(
    page: HeightRange,
    blocks: AsyncGenerator<Block>,
    { chainId, before, total }: { readonly chainId: string; readonly before: ExportState | undefined; total: number },
  ): Promise<void> {
    const key = this.#destination.pageKey(page);
    if (before?.begun === undefined) {
      const { exported } = before ?? {};
      await this.#stateFile.write({ chainId, ...(exported === undefined ? {} : { exported }), begun: page });
    } else {
      await this.#writer.discardLeftover(key);
    }
    const { pages, blocks: done, bytes } = this.#sum;
    const added = await this.#writer.write(key, page, blocks, { done, total });
    this.#sum = { pages: pages + 1, blocks: done + page.to - page.from + 1, bytes: bytes + added };
  }
}
