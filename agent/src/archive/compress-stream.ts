import { BufferPool } from '../buffer-pool.ts';
import { blockWindow } from './block-window.ts';
import { blockContentBytes, type Codec } from './codec.ts';
import { type Block, cutBlocks } from './cut-blocks.ts';

/** Compresses a stream with `parallel` blocks under way. */
export async function* compressStream(
  codec: Codec,
  content: AsyncIterable<Uint8Array>,
  parallel: number,
): AsyncGenerator<Buffer, void, undefined> {
  const compressors = Array.from({ length: parallel }, () => codec.compressor());
  const free = [...compressors];
  // A block's buffer is used again once its compressed form is out: so many blocks are all that ever exist.
  const buffers = new BufferPool(blockContentBytes);
  const compress = async ({ buffer, bytes, isDense }: Block): Promise<readonly Buffer[]> => {
    const compressor = free.pop();
    if (compressor === undefined) throw new Error('more blocks under way than there are compressors');
    const pieces = await compressor.compress(buffer.subarray(0, bytes), isDense);
    free.push(compressor);
    buffers.give(buffer);
    return pieces;
  };
  const blocks = cutBlocks(content, {
    atDense: codec.storesDense,
    buffers,
  });
  try {
    for await (const pieces of blockWindow(blocks, parallel, compress)) yield* pieces;
  } finally {
    for (const compressor of compressors) compressor.close();
  }
}
