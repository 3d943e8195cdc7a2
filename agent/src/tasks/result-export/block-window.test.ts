import assert from 'node:assert/strict';
import { setImmediate as nextTick } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { TaskError } from '@nodetask/shared';
import * as fc from 'fast-check';
import { blocksInOrder, type WindowOptions } from './block-window.ts';
import { Turns } from './turns.ts';

const oversize = (maxBytes: number): TaskError =>
  new TaskError('source-invalid', `more than ${maxBytes} bytes`, { details: { maxBytes } });

/** A node whose blocks have these sizes, by height from 1; it answers after some turns, in any order. */
const nodeOf = (sizes: readonly number[], delays: readonly number[] = [0]) => {
  const seen = { atOnce: 0, most: 0, mostBytes: 0 };
  let reserved = 0;
  const fetch: WindowOptions['fetch'] = async (height, maxBytes, signal) => {
    seen.most = Math.max(seen.most, ++seen.atOnce);
    // What a hostile node could make the reader hold.
    seen.mostBytes = Math.max(seen.mostBytes, (reserved += maxBytes));
    try {
      for (let turns = delays[height % delays.length] ?? 0; turns >= 0; turns--) {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
      }
      const size = sizes[height - 1] ?? 0;
      if (size > maxBytes) throw oversize(maxBytes);
      return [Buffer.alloc(size >> 1, height % 256), Buffer.alloc(size - (size >> 1), height % 256)];
    } finally {
      seen.atOnce--;
      reserved -= maxBytes;
    }
  };
  return { fetch, seen };
};

const { signal } = new AbortController();
const options = { budgetBytes: 1_000, largestBytes: 1_000, turns: new Turns(), signal };

describe('the window of blocks', () => {
  test('hands on every block in order, whatever order they come in, in memory that is bounded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 1_000 })), { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 1, max: 20 }),
        async (sizes, delays, concurrency) => {
          const { fetch, seen } = nodeOf(sizes, delays);
          const range = { from: 1, to: sizes.length };
          const got: number[] = [];
          for await (const { height, line, release } of blocksInOrder(range, {
            ...options,
            budgetBytes: 500,
            fetch,
            concurrency,
          })) {
            got.push(height);
            assert.equal(Buffer.concat(line).length, sizes[height - 1]);
            release?.();
          }
          assert.deepEqual(
            got,
            sizes.map((_, index) => index + 1),
          );
          assert.ok(seen.most <= concurrency);
          assert.ok(seen.mostBytes <= 2_000, `${seen.mostBytes}`);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('fetches as many as it may at once, again so after large blocks', async () => {
    const sizes = [...Array<number>(20).fill(10), 900, ...Array<number>(400).fill(10)];
    const { fetch, seen } = nodeOf(sizes, [3]);
    for await (const { height } of blocksInOrder(
      { from: 1, to: sizes.length },
      { fetch, concurrency: 8, ...options },
    )) {
      if (height === 20 || height === 400) assert.equal(seen.most, 8);
      if (height === 25) seen.most = 0;
    }
  });

  test('ends at a block that cannot be had, after those before it; what is under way is aborted', async () => {
    const { fetch: good, seen } = nodeOf(Array<number>(100).fill(1), [2]);
    const fetch: WindowOptions['fetch'] = (height, ...rest) =>
      height === 7 ? Promise.reject(new Error('block 7 is gone')) : good(height, ...rest);
    const got: number[] = [];
    await assert.rejects(async () => {
      for await (const { height } of blocksInOrder({ from: 1, to: 100 }, { fetch, concurrency: 16, ...options })) {
        got.push(height);
      }
    }, /block 7 is gone/);
    assert.deepEqual(got, [1, 2, 3, 4, 5, 6]);
    assert.equal(seen.atOnce, 0);
  });

  test('several exports have one large block in memory at a time, and each gets all of its blocks', async () => {
    const nodes = Array.from({ length: 4 }, () => nodeOf([10, 400, 900, 20, 950, 1_000, 10], [3, 0, 5]));
    const sharing = { ...options, budgetBytes: 100, concurrency: 4, turns: new Turns() };
    let large = 0;
    await Promise.all(
      nodes.map(async ({ fetch }) => {
        let expected = 1;
        for await (const { height, line, release } of blocksInOrder({ from: 1, to: 7 }, { ...sharing, fetch })) {
          assert.equal(height, expected++);
          if (release === undefined) continue;
          large += 1;
          assert.equal(large, 1, `block ${height} of ${Buffer.concat(line).length} bytes is not alone`);
          await nextTick();
          large -= 1;
          release();
        }
        assert.equal(expected, 8);
      }),
    );
  });

  test('an export that is cancelled while it waits for its turn takes it from nobody', async () => {
    const turns = new Turns();
    const release = await turns.take(signal);
    const controller = new AbortController();
    const cancelled = turns.take(controller.signal);
    const last = turns.take(signal);
    controller.abort(new Error('enough'));
    await assert.rejects(cancelled, /enough/);
    release();
    (await last)();
  });

  test('a block that is larger than may be taken is an error', async () => {
    const { fetch } = nodeOf([10, 1_001, 10]);
    const blocks = blocksInOrder({ from: 1, to: 3 }, { fetch, concurrency: 3, ...options });
    assert.equal((await blocks.next()).value?.height, 1);
    await assert.rejects(blocks.next(), /more than 1000 bytes/);
  });

  test('a reader that leaves, and an abort, end what is under way', async () => {
    const { fetch, seen } = nodeOf(Array<number>(100).fill(1), [50]);
    const first = blocksInOrder({ from: 1, to: 100 }, { fetch, concurrency: 4, ...options });
    await first.next();
    await first.return();
    assert.equal(seen.atOnce, 0);
    const controller = new AbortController();
    const second = blocksInOrder(
      { from: 1, to: 100 },
      { fetch, concurrency: 4, ...options, signal: controller.signal },
    );
    const next = second.next();
    controller.abort(new Error('enough'));
    await assert.rejects(next, /enough/);
    assert.equal(seen.atOnce, 0);
  });
});
