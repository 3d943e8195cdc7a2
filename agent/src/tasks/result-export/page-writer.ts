import type { ResultExportParams } from '@nodetask/shared';
import type { TaskContext } from '../../engine/task-handler.ts';
import type { ObjectStore } from '../../objectstore/object-store.ts';
import { discardLeftovers } from '../discard-leftovers.ts';
import type { Block } from './block-window.ts';
import type { HeightRange } from './export-destination.ts';
import { gzipLines } from './gzip-page.ts';

/** About the size of a block's compressed results, rather too large: the parts of an upload are chosen by it. */
const blockBytes = 1024 * 1024;

/** How far a run is, in blocks, when it begins a page. */
export interface BlocksDone {
  readonly done: number;
  readonly total: number;
}

/** Writes pages as objects of one store. */
export class PageWriter {
  readonly #context: TaskContext<ResultExportParams>;
  readonly #store: ObjectStore;
  /** The warning that leftovers of interrupted uploads cannot be discarded at this store. */
  #untidy: string | undefined;

  constructor(context: TaskContext<ResultExportParams>, store: ObjectStore) {
    this.#context = context;
    this.#store = store;
  }

  get untidy(): string | undefined {
    return this.#untidy;
  }

  /** Answers the bytes of the object. */
  async write(key: string, page: HeightRange, blocks: AsyncGenerator<Block>, blocksDone: BlocksDone): Promise<number> {
    const { signal, logger } = this.#context;
    const count = page.to - page.from + 1;
    const { bytes } = await this.#store.upload(key, gzipLines(this.#linesOf(page, blocks, blocksDone)), {
      signal,
      contentType: 'application/gzip',
      expectedBytes: count * blockBytes,
    });
    logger.debug('exported a page', { key, blocks: count, bytes });
    return bytes;
  }

  /** An interrupted upload of a large page leaves its parts behind, which nobody sees and everybody pays for. */
  async discardLeftover(key: string): Promise<void> {
    const { signal, logger } = this.#context;
    // It is told once in a run, and a daemon runs for ever.
    if (this.#untidy !== undefined) return;
    const isLeftover = (leftover: string): boolean => leftover === key;
    this.#untidy = await discardLeftovers(this.#store, key, { signal, logger, isLeftover });
  }

  async *#linesOf(
    { from, to }: HeightRange,
    blocks: AsyncGenerator<Block>,
    { done, total }: BlocksDone,
  ): AsyncGenerator<Buffer> {
    for (let height = from; height <= to; height++) {
      const next = await blocks.next();
      if (next.done === true || next.value.height !== height)
        throw new Error(`block ${height} is missing in the window`);
      this.#context.progress({ stage: 'export', done: done + height - from + 1, total, unit: 'blocks' });
      try {
        yield* next.value.line;
      } finally {
        next.value.release?.();
      }
    }
  }
}
