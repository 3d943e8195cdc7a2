import assert from 'node:assert/strict';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { gzipLines } from './gzip-page.ts';

const collect = async (chunks: AsyncIterable<Buffer>): Promise<Buffer> => {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
};

async function* linesOf(lines: readonly Buffer[], error?: Error): AsyncGenerator<Buffer> {
  for (const line of lines) yield line;
  if (error !== undefined) throw error;
}

async function* stalled(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(300_000, 'x');
  await new Promise(() => undefined);
}

test('comes back byte for byte as one member', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100_000, size: 'max' }), { maxLength: 10 }), async (lines) => {
      const content = lines.map((line) => Buffer.from(line));
      const packed = await collect(gzipLines(linesOf(content)));
      assert.ok(gunzipSync(packed).equals(Buffer.concat(content)));
    }),
    { numRuns: 20 },
  );
});

test('an error of the lines is passed on', async () => {
  const error = new Error('block 7 is gone');
  await assert.rejects(collect(gzipLines(linesOf([Buffer.alloc(300_000)], error))), error);
});

test('a reader that leaves early is not held up by lines that never come', async () => {
  const pages = gzipLines(stalled());
  await pages.next();
  await pages.return();
});
