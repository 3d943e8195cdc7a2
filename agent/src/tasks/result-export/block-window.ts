import { isOversize } from '../../node/http/http-get.ts';
import type { HeightRange } from './export-destination.ts';

export interface Block {
  readonly height: number;
  readonly line: Buffer;
}

export interface WindowOptions {
  /** Fetches one block; throws an error that `isOversize` knows where its answer has more bytes than `maxBytes`. */
  readonly fetch: (height: number, maxBytes: number, signal: AbortSignal) => Promise<Buffer>;
  /** The most blocks that are fetched, or wait to be read, at once. */
  readonly concurrency: number;
  /** What those may take together, in bytes; the largest block may take all of it. */
  readonly budgetBytes: number;
  readonly signal: AbortSignal;
}

interface Slot {
  readonly height: number;
  readonly maxBytes: number;
  readonly line: Promise<Buffer>;
}

/**
 * Fetches blocks concurrently and hands them on in order. Each block in the window has a share of the budget; where one needs more, the
 * window shrinks to half as many with shares twice as large, and grows again once blocks are small. So memory is bounded by about twice the
 * budget, whatever the node answers.
 */
export async function* blocksInOrder(
  range: HeightRange,
  { fetch, concurrency, budgetBytes, signal: parent }: WindowOptions,
): AsyncGenerator<Block, void, undefined> {
  // Ends what is under way when the reader leaves early or a block cannot be had.
  const left = new AbortController();
  const signal = AbortSignal.any([parent, left.signal]);
  const slots: Slot[] = [];
  let size = concurrency;
  let smallBlocks = 0;
  let next = range.from;
  const start = (height: number): Slot => {
    const maxBytes = Math.floor(budgetBytes / size);
    const line = fetch(height, maxBytes, signal);
    // Awaited in its turn; until then a failure must not count as unhandled.
    line.catch(() => undefined);
    return { height, maxBytes, line };
  };
  try {
    for (;;) {
      while (slots.length < size && next <= range.to) slots.push(start(next++));
      const [first] = slots;
      if (first === undefined) return;
      let line: Buffer;
      try {
        line = await first.line;
      } catch (error) {
        if (!isOversize(error) || first.maxBytes === budgetBytes) throw error;
        // Shares are larger already where an earlier block made them so.
        if (first.maxBytes >= Math.floor(budgetBytes / size)) size = Math.max(1, Math.floor(size / 2));
        smallBlocks = 0;
        slots[0] = start(first.height);
        continue;
      }
      yield { height: first.height, line };
      // Only now: while it waits for the reader, it counts as one of those in memory.
      slots.shift();
      smallBlocks = line.length * 4 <= budgetBytes / size ? smallBlocks + 1 : 0;
      if (size < concurrency && smallBlocks >= size * 4) {
        size = Math.min(concurrency, size * 2);
        smallBlocks = 0;
      }
    }
  } finally {
    left.abort(new Error('the blocks are not needed any more'));
    await Promise.allSettled(slots.map(({ line }) => line));
  }
}
