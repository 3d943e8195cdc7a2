import { isOversize } from '../../node/http/http-get.ts';
import type { HeightRange } from './export-destination.ts';
import type { Turns } from './turns.ts';

export interface Block {
  readonly height: number;
  /** In pieces, of which the last ends with a line break. */
  readonly line: readonly Buffer[];
  /** Of a large block: whoever has read it calls this, so that the next large block of the process may come. */
  readonly release?: () => void;
}

export interface WindowOptions {
  /** Fetches one block; throws an error that `isOversize` knows where its answer has more bytes than `maxBytes`. */
  readonly fetch: (height: number, maxBytes: number, signal: AbortSignal) => Promise<readonly Buffer[]>;
  /** The most blocks that are fetched, or wait to be read, at once. */
  readonly concurrency: number;
  /** What those may take together, in bytes. */
  readonly budgetBytes: number;
  /** Of a block that needs more than that, in bytes. Such blocks are fetched one at a time, whatever is exported beside this: memory has room for one. */
  readonly largestBytes: number;
  readonly turns: Turns;
  readonly signal: AbortSignal;
}

interface Slot {
  readonly height: number;
  readonly maxBytes: number;
  readonly line: Promise<readonly Buffer[]>;
}

/**
 * Fetches blocks concurrently and hands them on in order. Each block in the window has a share of the budget; where one needs more, the
 * window shrinks to half as many with shares twice as large, and grows again once blocks are small. A block that needs more than the whole budget is
 * fetched alone, in a turn that all exports of the process share. So memory is bounded by about twice the budget for each export and twice the
 * largest block for all of them, whatever the node answers.
 */
export async function* blocksInOrder(
  range: HeightRange,
  { fetch, concurrency, budgetBytes, largestBytes, turns, signal: parent }: WindowOptions,
): AsyncGenerator<Block, void, undefined> {
  // Ends what is under way when the reader leaves early or a block cannot be had.
  const left = new AbortController();
  const signal = AbortSignal.any([parent, left.signal]);
  const slots: Slot[] = [];
  let size = concurrency;
  let smallBlocks = 0;
  let next = range.from;
  // Where one block is large, the next one most often is: it is not fetched by half first.
  let isLarge = false;
  const start = (height: number): Slot => {
    const maxBytes = Math.floor(budgetBytes / size);
    const line = fetch(height, maxBytes, signal);
    // Awaited in its turn; until then a failure must not count as unhandled.
    line.catch(() => undefined);
    return { height, maxBytes, line };
  };
  const fetchLarge = async (height: number): Promise<Block> => {
    const release = await turns.take(signal);
    try {
      const line = await fetch(height, largestBytes, signal);
      isLarge = bytesOf(line) > budgetBytes;
      return { height, line, release };
    } catch (error) {
      release();
      throw error;
    }
  };
  try {
    for (;;) {
      if (isLarge && slots.length === 0 && next <= range.to) {
        yield await fetchLarge(next++);
        continue;
      }
      while (slots.length < size && next <= range.to) slots.push(start(next++));
      const [first] = slots;
      if (first === undefined) return;
      let line: readonly Buffer[];
      try {
        line = await first.line;
      } catch (error) {
        if (!isOversize(error)) throw error;
        if (first.maxBytes === budgetBytes) {
          slots.shift();
          yield await fetchLarge(first.height);
          continue;
        }
        // Shares are larger already where an earlier block made them so.
        if (first.maxBytes >= Math.floor(budgetBytes / size)) size = Math.max(1, Math.floor(size / 2));
        smallBlocks = 0;
        slots[0] = start(first.height);
        continue;
      }
      yield { height: first.height, line };
      // Only now: while it waits for the reader, it counts as one of those in memory.
      slots.shift();
      smallBlocks = bytesOf(line) * 4 <= budgetBytes / size ? smallBlocks + 1 : 0;
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

const bytesOf = (line: readonly Buffer[]): number => line.reduce((sum, piece) => sum + piece.length, 0);
