import { pipeline, Readable } from 'node:stream';
import { TaskError } from '@nodetask/shared';
import { archiveError } from './archive-error.ts';
import { BlockMemory } from './block-memory.ts';
import { blockWindow } from './block-window.ts';
import type { Codec } from './codec.ts';
import { type CompressedPiece, splitBlocks } from './split-blocks.ts';

/**
 * The content of a compressed stream: its announced blocks are decompressed several at once, anything else of the format in one go. Every
 * checksum of the stream is checked, and that it does not end in the middle. A chunk of the stream is done with when the next one is asked
 * for. Throws TaskError `snapshot-invalid`, and errors of the stream itself as they are.
 */
export async function* decompressStream(
  codec: Codec,
  compressed: AsyncIterable<Uint8Array>,
  parallel: number,
): AsyncGenerator<Buffer, void, undefined> {
  const memory = new BlockMemory();
  const pieces = splitBlocks(codec, compressed, memory);
  let other: CompressedPiece | undefined;
  async function* blocks(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const { value: piece, done } = await pieces.next();
      if (done === true) return;
      other = piece.isBlock ? undefined : piece;
      if (other !== undefined) return;
      yield piece.bytes;
    }
  }
  try {
    let empty = 0;
    for await (const content of blockWindow(blocks(), parallel, (block) => decompressBlock(codec, block, memory))) {
      // An empty stream is one such block. More of them would cost time without end, since whoever reads the content sees none.
      if (content.length === 0 && ++empty > 1) throw archiveError(`has ${codec.name} blocks that hold nothing`);
      yield content;
    }
    if (other !== undefined) yield* decompressRest(codec, other, pieces);
  } finally {
    await pieces.return();
  }
}

const decompressBlock = async (codec: Codec, block: Buffer, memory: BlockMemory): Promise<Buffer> => {
  try {
    const content = await codec.decompress(block);
    memory.give(block);
    return content;
  } catch (error) {
    throw unreadable(codec, error, block.subarray(codec.announcementBytes), true);
  }
};

async function* decompressRest(
  codec: Codec,
  first: CompressedPiece,
  more: AsyncGenerator<CompressedPiece, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  // An error of the source must come out as it went in, not as a stream's.
  let failure: Error | undefined;
  let read = 0;
  const next = async (): Promise<CompressedPiece | undefined> => {
    try {
      const { value } = await more.next();
      return value ?? undefined;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  };
  async function* source(): AsyncGenerator<Buffer, void, undefined> {
    for (let piece: CompressedPiece | undefined = first; piece !== undefined; piece = await next()) {
      read += piece.bytes.length;
      yield piece.bytes;
    }
  }
  const output = codec.decompressor();
  // Errors reach the loop below through the output.
  pipeline(Readable.from(source()), output, () => undefined);
  try {
    for await (const chunk of output) yield chunk as Buffer;
    // The decompressor takes some things that follow its stream for padding.
    if (output.bytesWritten < read) throw archiveError(`goes on after the end of its ${codec.name} stream`);
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw error instanceof TaskError ? error : unreadable(codec, error, first.bytes, false);
  }
}

/** `head` is what the stream or the block begins with. */
const unreadable = (codec: Codec, error: unknown, head: Buffer, isBlock: boolean): TaskError =>
  archiveError(
    codec.refusal(error, head, isBlock) ??
      `is no ${codec.name} stream or is damaged (${error instanceof Error ? error.message : String(error)})`,
    error,
  );
