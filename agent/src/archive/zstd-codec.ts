import { promisify } from 'node:util';
import type { ZstdOptions } from 'node:zlib';
import { type BlockCompressor, blockContentBytes, type Codec, maxBlockBytes } from './codec.ts';
import { ownMemory } from './own-memory.ts';
import { longOf, zstdWindow } from './zstd-window.ts';
import { zlib } from './zlib.ts';

/**
 * zstd (RFC 8878): each block is a frame of its own with a checksum, after a skippable frame that holds its size as a 32-bit little-endian
 * number. This is what `pzstd` writes and `zstd` reads.
 */
export const zstdCodec: Codec = {
  name: 'zstd',
  extension: 'tar.zst',
  contentType: 'application/zstd',
  storesDense: false,
  compressor: () => new FrameCompressor(),
  announcementBytes: 12,
  announced: (head) =>
    head.length < announcementBytes || !head.subarray(0, announcement.length).equals(announcement)
      ? undefined
      : announcementBytes + head.readUInt32LE(announcement.length),
  decompress: async (block) =>
    ownMemory(
      await decompress(block.subarray(announcementBytes), {
        chunkSize: outputBytes,
        maxOutputLength: maxBlockBytes,
        params: { [zlib().constants.ZSTD_d_windowLogMax]: Math.log2(maxBlockBytes) },
      }),
    ),
  decompressor: () =>
    zlib().createZstdDecompress({
      chunkSize: 512 * 1024,
      params: { [zlib().constants.ZSTD_d_windowLogMax]: maxWindowLog },
    }),
  refusal: (error, head, isBlock) => {
    if (!(error instanceof Error && 'code' in error && error.code === windowTooLarge)) return undefined;
    const maxLog = isBlock ? Math.log2(maxBlockBytes) : maxWindowLog;
    const window = zstdWindow(head);
    const needs =
      window === undefined || longOf(window) <= maxLog
        ? 'has a frame that needs a larger zstd window'
        : `needs a zstd window of ${Math.ceil(window / 2 ** 20)} MiB (--long=${longOf(window)})`;
    const read = `${2 ** (maxLog - 20)} MiB`;
    return isBlock
      ? `${needs}, and at most ${read} are read of frames as pzstd announces them: compress it anew with zstd`
      : `${needs}, and at most ${read} are read (--long=${maxLog}): compress it anew with --long=${maxLog} or less, or without --long`;
  },
};

const windowTooLarge = 'ZSTD_error_frameParameter_windowTooLarge';

/**
 * 128 MiB, which `zstd --long` and `--ultra -22` make and the zstd program reads without being asked to. The decompressor takes as much
 * memory as a stream says that it needs: with 31, 2 GiB.
 */
const maxWindowLog = 27;

const decompress = (block: Buffer, options: ZstdOptions): Promise<Buffer> =>
  promisify<Buffer, ZstdOptions, Buffer>(zlib().zstdDecompress)(block, options);

/** One more than a block has: the end is seen at once, and nothing has to be joined. */
const outputBytes = blockContentBytes + 1;

const announcementBytes = 12;
/** The magic number of a skippable frame, and the length of its content. */
const announcement = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]);

/**
 * One compressor for all blocks: a new one for each takes twice the time, for the memory that it allocates, and the garbage collector
 * runs all the time.
 */
class FrameCompressor implements BlockCompressor {
  readonly #stream = zlib().createZstdCompress({
    chunkSize: 512 * 1024,
    params: { [zlib().constants.ZSTD_c_compressionLevel]: 1, [zlib().constants.ZSTD_c_checksumFlag]: 1 },
  });
  #pieces: Buffer[] = [];
  #fail: (reason: Error) => void = () => undefined;

  constructor() {
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece));
    this.#stream.on('error', (error) => {
      this.#fail(error);
    });
  }

  async compress(block: Buffer): Promise<readonly Buffer[]> {
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(block);
      this.#stream.flush(zlib().constants.ZSTD_e_end, resolve);
    });
    const frame = this.#pieces;
    this.#pieces = [];
    const head = Buffer.alloc(announcementBytes);
    announcement.copy(head);
    head.writeUInt32LE(
      frame.reduce((bytes, piece) => bytes + piece.length, 0),
      announcement.length,
    );
    return [head, ...frame];
  }

  close(): void {
    this.#stream.destroy();
  }
}
