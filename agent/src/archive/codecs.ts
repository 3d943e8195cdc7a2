import type { Codec } from './codec.ts';
import { gzipCodec } from './gzip-codec.ts';
import { zstdCodec } from './zstd-codec.ts';

export const codecs: Readonly<Record<Codec['name'], Codec>> = { gzip: gzipCodec, zstd: zstdCodec };

/** Threads that compress or decompress at once. libuv has four for everything: one is left to the files of the node. */
export const codecParallelism = (cpus: number): number => Math.min(3, Math.max(2, cpus));
