import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { PollPace } from './poll-pace.ts';

/** A pace that has seen a chain with so many milliseconds between blocks for long. */
const paceOf = (blockMs: number, step = 1): PollPace => {
  const pace = new PollPace();
  for (let height = 1; height < 100 * step; height += step) pace.saw(height, height * blockMs);
  return pace;
};

test('asks again about half-way to the block that is waited for', () => {
  assert.ok(Math.abs(paceOf(400).pauseMs(10) - 2_000) < 5);
  assert.ok(Math.abs(paceOf(2_000).pauseMs(1) - 1_000) < 5);
  // Blocks that came several at a time count each.
  assert.ok(Math.abs(paceOf(100, 10).pauseMs(20) - 1_000) < 5);
});

test('never hurries, never sleeps long: whatever a node says, it is asked every 250 ms to 5 s', () => {
  const seen = fc.record({ height: fc.maxSafeNat(), ms: fc.nat({ max: 100_000 }) });
  fc.assert(
    fc.property(fc.array(seen), fc.nat({ max: 200_000 }), (heights, missing) => {
      const pace = new PollPace();
      let now = 0;
      for (const { height, ms } of heights) pace.saw(height, (now += ms));
      const pause = pace.pauseMs(missing);
      assert.ok(pause >= 250 && pause <= 5_000, String(pause));
    }),
  );
});
