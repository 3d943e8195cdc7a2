import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';

/** Chunks that all lie in the same memory, as those of a source that uses it again. */
async function* inOneMemory(content: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer, void, undefined> {
  const memory = Buffer.alloc(Math.max(1, ...sizes));
  let at = 0;
  for (let turn = 0; at < content.length; turn++) {
    const size = content.copy(memory, 0, at, at + (sizes[turn % sizes.length] ?? 1));
    yield memory.subarray(0, size);
    memory.fill(0xff);
    at += size;
  }
}

test('what is taken is what came, whatever the sizes, from a source that uses its memory again', async () => {
  const content = Buffer.from(Array.from({ length: 200 }, (_, index) => index));
  const call = fc.record({
    how: fc.constantFrom('peek', 'take', 'takeSome', 'fill'),
    bytes: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      fc.array(call, { minLength: 1, maxLength: 60 }),
      async (sizes, calls) => {
        const queue = new ByteQueue(inOneMemory(content, sizes));
        let at = 0;
        for (const { how, bytes } of calls) {
          const expected = content.subarray(at, at + bytes);
          if (how === 'fill') {
            const target = Buffer.alloc(bytes);
            assert.equal(await queue.fill(target), expected.length);
            assert.deepEqual(target.subarray(0, expected.length), expected);
            at += expected.length;
            continue;
          }
          const got = await queue[how](bytes);
          if (how === 'takeSome') assert.ok(got.length > 0 || expected.length === 0);
          assert.deepEqual(got, how === 'takeSome' ? expected.subarray(0, got.length) : expected);
          if (how !== 'peek') at += got.length;
        }
        const rest: Buffer[] = [];
        for await (const piece of queue.rest(7)) {
          assert.ok(piece.length <= 7);
          rest.push(Buffer.from(piece));
        }
        assert.deepEqual(Buffer.concat(rest), content.subarray(at));
      },
    ),
  );
});
