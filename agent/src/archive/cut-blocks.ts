import type { BufferPool } from '../buffer-pool.ts';
import { blockContentBytes } from './codec.ts';
import { isDense } from './is-dense.ts';

/** Content to compress on its own. */
export interface Block {
  readonly buffer: Buffer;
  /** Of the buffer, from its beginning. */
  readonly bytes: number;
  /** What is in it does not get smaller by compression. */
  readonly isDense: boolean;
}

export interface CutOptions {
  /** Cut where content that is compressed already begins or ends, too. */
  readonly atDense: boolean;
  /** Of blockContentBytes each. */
  readonly buffers: BufferPool;
}

/** A block that is smaller than this is not cut off: it would cost more than it saves. */
const minBlockBytes = 32 * 1024;
/** Content is looked at in pieces of this size. */
const lookBytes = 64 * 1024;

/** Cuts a stream into blocks. An empty one is one empty block: nothing is no valid stream of any format. */
export async function* cutBlocks(
  content: AsyncIterable<Uint8Array>,
  { atDense, buffers }: CutOptions,
): AsyncGenerator<Block, void, undefined> {
  let buffer = buffers.take();
  let bytes = 0;
  let blockIsDense: boolean | undefined;
  let any = false;
  const cut = (): Block => {
    const block = { buffer, bytes, isDense: blockIsDense ?? false };
    buffer = buffers.take();
    bytes = 0;
    blockIsDense = undefined;
    any = true;
    return block;
  };
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length;) {
      let piece = chunk.subarray(from, from + (atDense ? lookBytes : blockContentBytes));
      const dense = atDense ? isDense(piece) : false;
      if (dense !== undefined) {
        if (blockIsDense !== undefined && dense !== blockIsDense && bytes >= minBlockBytes) yield cut();
        blockIsDense = (blockIsDense ?? true) && dense;
      }
      piece = piece.subarray(0, blockContentBytes - bytes);
      buffer.set(piece, bytes);
      bytes += piece.length;
      from += piece.length;
      if (bytes === blockContentBytes) yield cut();
    }
  }
  if (bytes > 0 || !any) yield cut();
}
