import { pipeline, Readable } from 'node:stream';
import { TaskError } from '@nodetask/shared';
import { archiveError } from './archive-error.ts';
import { blockWindow } from './block-window.ts';
import { ByteQueue } from './byte-queue.ts';
import { type Codec, maxBlockBytes } from './codec.ts';

/**
 * The content of a compressed stream: blocks that are announced are decompressed several at once, anything else of the format in one go.
 * Every checksum of the stream is checked, and that it does not end in the middle. Throws TaskError `snapshot-invalid`, and errors of the
 * stream itself as they are.
 */
export async function* decompressStream(
  codec: Codec,
  compressed: AsyncIterable<Uint8Array>,
  parallel: number,
): AsyncGenerator<Buffer, void, undefined> {
  const input = new ByteQueue(compressed);
  try {
    yield* blockWindow(announcedBlocks(codec, input), parallel, (block) => decompressBlock(codec, block));
    // Where blocks are announced this is empty; where another program wrote the stream it is all of it.
    if ((await input.peek(1)).length > 0) yield* decompressRest(codec, input);
  } finally {
    await input.close();
  }
}

async function* announcedBlocks(codec: Codec, input: ByteQueue): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const size = codec.announced(await input.peek(codec.announcementBytes));
    if (size === undefined) return;
    if (size > maxBlockBytes)
      throw archiveError(`has a block of ${size} bytes, more than the ${maxBlockBytes} that are read`);
    const block = await input.take(size);
    if (block.length < size || size < codec.announcementBytes)
      throw archiveError('ends in the middle of a block: it is cut off');
    yield block;
  }
}

const decompressBlock = async (codec: Codec, block: Buffer): Promise<Buffer> => {
  try {
    return await codec.decompress(block);
  } catch (error) {
    throw damaged(codec, error);
  }
};

async function* decompressRest(codec: Codec, input: ByteQueue): AsyncGenerator<Buffer, void, undefined> {
  // An error of the source must come out as it went in, not as a stream's.
  let failure: Error | undefined;
  let read = 0;
  async function* source(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const chunk = await input.takeSome(Infinity).catch((error: unknown) => {
        failure = error instanceof Error ? error : new Error(String(error));
        throw error;
      });
      if (chunk.length === 0) return;
      read += chunk.length;
      yield chunk;
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
    throw error instanceof TaskError ? error : damaged(codec, error);
  }
}

const damaged = (codec: Codec, error: unknown): TaskError =>
  archiveError(
    `is no ${codec.name} stream or is damaged (${error instanceof Error ? error.message : String(error)})`,
    error,
  );
