// Reads what result-export has written, as somebody would who trusts neither its names nor its word.
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod';
import type { ChainRpc } from '../src/chain/chain-rpc.ts';
import type { S3Server } from '../src/s3.ts';

export interface ExportedBlock {
  readonly height: number;
  readonly block_results: unknown;
}

export interface ExportedPage {
  readonly from: number;
  readonly to: number;
  readonly blocks: readonly ExportedBlock[];
}

const Line = z.object({ height: z.number().int(), block_results: z.unknown() });

/** Every page below the prefix, in the order of heights. */
export const readPages = async (
  s3: Pick<S3Server, 'files'>,
  bucket: string,
  prefix: string,
): Promise<readonly ExportedPage[]> => {
  const pages: ExportedPage[] = [];
  for (const { key } of await s3.files.list(bucket, prefix)) {
    const [, from, to] = /\/(\d+)-(\d+)\.ndjson\.gz$/.exec(key) ?? [];
    if (from === undefined || to === undefined) throw new Error(`${key} is no name of a page`);
    const lines = gunzipSync(await s3.files.get(bucket, key))
      .toString()
      .trimEnd()
      .split('\n');
    pages.push({ from: Number(from), to: Number(to), blocks: lines.map((line) => Line.parse(JSON.parse(line))) });
  }
  return pages.toSorted((a, b) => a.from - b.from);
};

/** The first height that is missing or double from `first` on, or that a page's name does not cover; undefined where none is. */
export const gapIn = (pages: readonly ExportedPage[], first: number): string | undefined => {
  let next = first;
  for (const { from, to, blocks } of pages) {
    if (from !== next) return `a page begins at ${from}, expected ${next}`;
    for (const { height } of blocks) {
      if (height !== next) return `the page ${from}-${to} has block ${height}, expected ${next}`;
      next++;
    }
    if (to !== next - 1) return `the page ${from}-${to} ends with block ${next - 1}`;
  }
  return undefined;
};

/** The first of the blocks that is not what the node says; undefined where all are. */
export const differing = async (blocks: readonly ExportedBlock[], node: ChainRpc): Promise<number | undefined> => {
  for (const { height, block_results: results } of blocks) {
    if (!isDeepStrictEqual(results, await node.rpc(`/block_results?height=${height}`))) return height;
  }
  return undefined;
};
