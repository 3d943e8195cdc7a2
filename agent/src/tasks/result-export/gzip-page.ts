import { once } from 'node:events';
import type { Gzip } from 'node:zlib';
import { zlib } from '../../archive/zlib.ts';

/** Lines go to the compressor in pieces of about this size: a call for each small line would cost more than the compression. */
const pieceBytes = 128 * 1024;

/** Compresses lines, or pieces of them, into one gzip member. An error of `lines` is passed on; leaving early ends the compressor. */
export async function* gzipLines(lines: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const gzip = zlib().createGzip();
  const left = new AbortController();
  // Its errors come out of `gzip`.
  const feeding = feed(gzip, lines, left.signal).catch((error: unknown) => {
    gzip.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of gzip as AsyncIterable<Buffer>) yield chunk;
    await feeding;
  } finally {
    left.abort(new Error('the page is not needed any more'));
    gzip.destroy();
  }
}

const feed = async (gzip: Gzip, lines: AsyncIterable<Buffer>, left: AbortSignal): Promise<void> => {
  let piece: Buffer[] = [];
  let bytes = 0;
  const write = async (content: Buffer): Promise<void> => {
    left.throwIfAborted();
    if (content.length > 0 && !gzip.write(content)) await once(gzip, 'drain', { signal: left });
  };
  const flush = async (): Promise<void> => {
    const content = Buffer.concat(piece);
    piece = [];
    bytes = 0;
    await write(content);
  };
  for await (const line of lines) {
    if (line.length >= pieceBytes) {
      await flush();
      // Not joined with others: a copy of a large line costs as much memory as the line.
      await write(line);
      continue;
    }
    piece.push(line);
    bytes += line.length;
    if (bytes >= pieceBytes) await flush();
  }
  await flush();
  gzip.end();
};
