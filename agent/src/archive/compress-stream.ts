import { blockWindow } from './block-window.ts';
import { blockContentBytes, type Codec } from './codec.ts';

/** Compresses a stream with `parallel` blocks under way. An empty stream is one empty block: nothing is no valid gzip. */
export async function* compressStream(
  codec: Codec,
  content: AsyncIterable<Uint8Array>,
  parallel: number,
): AsyncGenerator<Buffer, void, undefined> {
  // A block's buffer is used again once its compressed form is out: so many blocks are all that ever exist.
  const spare: Buffer[] = [];
  const compress = async (block: Block): Promise<readonly Buffer[]> => {
    const pieces = await codec.compress(block.buffer.subarray(0, block.bytes));
    spare.push(block.buffer);
    return pieces;
  };
  const blocks = cutBlocks(content, () => spare.pop() ?? Buffer.allocUnsafeSlow(blockContentBytes));
  for await (const pieces of blockWindow(blocks, parallel, compress)) yield* pieces;
}

interface Block {
  readonly buffer: Buffer;
  readonly bytes: number;
}

async function* cutBlocks(
  content: AsyncIterable<Uint8Array>,
  newBuffer: () => Buffer,
): AsyncGenerator<Block, void, undefined> {
  let buffer = newBuffer();
  let bytes = 0;
  let any = false;
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length;) {
      const taken = Math.min(blockContentBytes - bytes, chunk.length - from);
      buffer.set(chunk.subarray(from, from + taken), bytes);
      bytes += taken;
      from += taken;
      if (bytes < blockContentBytes) continue;
      yield { buffer, bytes };
      any = true;
      buffer = newBuffer();
      bytes = 0;
    }
  }
  if (bytes > 0 || !any) yield { buffer, bytes };
}
