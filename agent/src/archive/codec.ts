import type { Gunzip, ZstdDecompress } from 'node:zlib';

/**
 * Compression of an archive. A stream is cut into blocks that are compressed independently, each announced with its compressed size, so that
 * several can be compressed and decompressed at once; every reader of the format reads the result (docs/adr has why).
 */
export interface Codec {
  readonly name: 'gzip' | 'zstd';
  /** Of a tar archive. */
  readonly extension: string;
  readonly contentType: string;
  /** Whether content that is compressed already costs as much time as any other, so that it is better kept in blocks of its own. */
  readonly storesDense: boolean;
  compressor(): BlockCompressor;
  /** The size of what has to be read to know how large the block is that begins there. */
  readonly announcementBytes: number;
  /** The size of the block that begins with `head`, all told; undefined where it is not announced. */
  announced(head: Buffer): number | undefined;
  /** The content of an announced block, in memory of its own; checks its checksum. Runs beside the main thread. */
  decompress(block: Buffer): Promise<Buffer>;
  /** For streams that other programs wrote. */
  decompressor(): Gunzip | ZstdDecompress;
  /**
   * Why a stream, or the content of an announced block, is not read although it may be sound, after "the archive"; undefined where `error` is about
   * damage. `head` is what it begins with.
   */
  refusal(error: unknown, head: Buffer, isBlock: boolean): string | undefined;
}

/** Compresses one block after the other, beside the main thread. */
export interface BlockCompressor {
  /** A block as part of a stream, in pieces. A dense one does not get smaller by compression. */
  compress(block: Buffer, isDense: boolean): Promise<readonly Buffer[]>;
  close(): void;
}

/** Content of one block, at most. */
export const blockContentBytes = 1024 * 1024;

/** What an announced block may be large, with and without compression; this program writes smaller ones. */
export const maxBlockBytes = 8 * 1024 * 1024;
