import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import { BufferPool } from '../buffer-pool.ts';
import { blockContentBytes } from './codec.ts';
import { type Block, cutBlocks } from './cut-blocks.ts';

const text = (bytes: number): Buffer => Buffer.alloc(bytes, 'account balance 1234567usei\n');

const cut = async (chunks: readonly Buffer[], atDense = true): Promise<readonly Block[]> => {
  async function* content(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  const blocks: Block[] = [];
  for await (const block of cutBlocks(content(), { atDense, buffers: new BufferPool(blockContentBytes) }))
    blocks.push(block);
  return blocks;
};

const shapes = (blocks: readonly Block[]): readonly (readonly [number, boolean])[] =>
  blocks.map(({ bytes, isDense }) => [bytes, isDense]);

test('dense content and other content come in blocks of their own', async () => {
  const header = Buffer.alloc(512);
  const blocks = await cut([header, text(100_000), header, randomBytes(200_000), header, text(50_000)]);
  assert.deepEqual(shapes(blocks), [
    [100_000 + 2 * 512, false],
    [200_000 + 512, true],
    [50_000, false],
  ]);
});

test('small pieces do not make small blocks', async () => {
  const chunks = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? text(8192) : randomBytes(8192)));
  for (const { bytes } of (await cut(chunks)).slice(0, -1)) assert.ok(bytes >= 32 * 1024, String(bytes));
});

test('blocks are full where nothing else is asked for', async () => {
  const blocks = await cut([text(100_000), randomBytes(blockContentBytes)], false);
  assert.deepEqual(shapes(blocks), [
    [blockContentBytes, false],
    [100_000, false],
  ]);
});

test('nothing is one empty block', async () => {
  assert.deepEqual(shapes(await cut([])), [[0, false]]);
});

test('whatever the pieces, the blocks together are the content, and none is too large', async () => {
  const piece = fc.record({ bytes: fc.integer({ min: 0, max: 400_000 }), dense: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.boolean(), async (pieces, atDense) => {
      const chunks = pieces.map(({ bytes, dense }) => (dense ? randomBytes(bytes) : text(bytes)));
      const blocks = await cut(chunks, atDense);
      const content = Buffer.concat(blocks.map(({ buffer, bytes }) => buffer.subarray(0, bytes)));
      assert.ok(content.equals(Buffer.concat(chunks)));
      for (const { bytes } of blocks) assert.ok(bytes <= blockContentBytes);
    }),
    { numRuns: 60 },
  );
});
