import { archiveError } from './archive-error.ts';
import { ByteQueue } from './byte-queue.ts';
import { type Codec, maxBlockBytes } from './codec.ts';
import type { BlockMemory } from './block-memory.ts';

/** A part of a compressed stream: a block in memory that is to be given back, anything else in memory of its own. */
export interface CompressedPiece {
  readonly bytes: Buffer;
  /** Whether it is a whole announced block; after the first piece that is none come only such. */
  readonly isBlock: boolean;
}

/** Of what is no block: a stream holds several of them. */
const pieceBytes = 128 * 1024;

/**
 * Takes a compressed stream apart: its announced blocks, then whatever else it holds. Where another program wrote it that is all of it.
 * A chunk of the stream is done with when the next one is asked for. Throws TaskError `snapshot-invalid`, and errors of the stream as they are.
 */
export async function* splitBlocks(
  codec: Codec,
  compressed: AsyncIterable<Uint8Array>,
  memory: BlockMemory,
): AsyncGenerator<CompressedPiece, void, undefined> {
  const input = new ByteQueue(compressed);
  try {
    for (;;) {
      const size = codec.announced(await input.peek(codec.announcementBytes));
      if (size === undefined) break;
      if (size > maxBlockBytes)
        throw archiveError(`has a block of ${size} bytes, more than the ${maxBlockBytes} that are read`);
      const bytes = memory.take(size);
      if ((await input.fill(bytes)) < size || size < codec.announcementBytes)
        throw archiveError('ends in the middle of a block: it is cut off');
      yield { bytes, isBlock: true };
    }
    for await (const piece of input.rest(pieceBytes)) yield { bytes: Buffer.from(piece), isBlock: false };
  } finally {
    await input.close();
  }
}
