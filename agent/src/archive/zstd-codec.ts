import { promisify } from 'node:util';
import { constants, createZstdDecompress, zstdCompress, zstdDecompress, type ZstdOptions } from 'node:zlib';
import { blockContentBytes, type Codec, maxBlockBytes } from './codec.ts';

/**
 * zstd (RFC 8878): each block is a frame of its own with a checksum, after a skippable frame that holds its size as a 32-bit little-endian
 * number. This is what `pzstd` writes and `zstd` reads.
 */
export const zstdCodec: Codec = {
  name: 'zstd',
  extension: 'tar.zst',
  contentType: 'application/zstd',
  compress: async (block) => {
    const frame = await compress(block, { chunkSize: blockContentBytes + 8192, params: compression });
    const head = Buffer.alloc(announcementBytes);
    announcement.copy(head);
    head.writeUInt32LE(frame.length, announcement.length);
    return [head, frame];
  },
  announcementBytes: 12,
  announced: (head) =>
    head.length < announcementBytes || !head.subarray(0, announcement.length).equals(announcement)
      ? undefined
      : announcementBytes + head.readUInt32LE(announcement.length),
  decompress: (block) =>
    decompress(block.subarray(announcementBytes), { chunkSize: outputBytes, maxOutputLength: maxBlockBytes }),
  decompressor: () => createZstdDecompress({ chunkSize: 512 * 1024 }),
};

const compress = promisify<Buffer, ZstdOptions, Buffer>(zstdCompress);
const decompress = promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress);

/** One more than a block has: the end is seen at once, and nothing has to be joined. */
const outputBytes = blockContentBytes + 1;

const announcementBytes = 12;
/** The magic number of a skippable frame, and the length of its content. */
const announcement = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]);

const compression = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_checksumFlag]: 1,
};
