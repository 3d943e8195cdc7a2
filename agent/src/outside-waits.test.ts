import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { OutsideWaits, waitFor, waitForEach } from './outside-waits.ts';

/** A wait that the test ends. */
const open = (what: string) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    wait: () =>
      waitFor(
        () => what,
        async () => promise,
      ),
    end: resolve,
  };
};

describe('waits for something outside', () => {
  it('are known from their begin to their end, the oldest first, with how long it has lasted', async () => {
    const clock = new FakeClock();
    const waits = new OutsideWaits(clock);
    const [first, second] = [open('a'), open('b')];
    const work = waits.during(async () => Promise.all([first.wait(), second.wait()]));
    await clock.advance(7_000);
    assert.deepEqual(waits.oldest(), { what: 'a', seconds: 7, others: 1 });
    first.end();
    await clock.advance(0);
    assert.deepEqual(waits.oldest(), { what: 'b', seconds: 7, others: 0 });
    second.end();
    await work;
    assert.equal(waits.oldest(), undefined);
  });

  it('have the name of the outermost one', async () => {
    const waits = new OutsideWaits(new FakeClock());
    const inner = open('http://10.0.0.1:26657/genesis_chunked');
    const work = waits.during(async () => waitFor(() => 'the first chunk', inner.wait));
    assert.deepEqual(waits.oldest(), { what: 'the first chunk', seconds: 0, others: 0 });
    inner.end();
    await work;
  });

  it('end with an error too', async () => {
    const waits = new OutsideWaits(new FakeClock());
    const failing = waits.during(async () =>
      waitFor(
        () => 'a',
        async () => Promise.reject(new Error('reset')),
      ),
    );
    await assert.rejects(failing, /reset/u);
    assert.equal(waits.oldest(), undefined);
  });

  it('of two runs are kept apart, and outside of a run none is kept', async () => {
    const [one, two] = [new OutsideWaits(new FakeClock()), new OutsideWaits(new FakeClock())];
    const [first, second, nobodys] = [open('a'), open('b'), open('c')];
    const works = [one.during(first.wait), two.during(second.wait), nobodys.wait()];
    assert.equal(one.oldest()?.what, 'a');
    assert.deepEqual(two.oldest(), { what: 'b', seconds: 0, others: 0 });
    for (const { end } of [first, second, nobodys]) end();
    await Promise.all(works);
  });

  it('for the items of a stream are those for each item, and what its reader does is none', async () => {
    const waits = new OutsideWaits(new FakeClock());
    let closed = false;
    async function* items() {
      try {
        yield 1;
        yield 2;
      } finally {
        closed = true;
      }
    }
    await waits.during(async () => {
      for await (const item of waitForEach(() => 'the next item', items())) {
        assert.equal(waits.oldest(), undefined);
        if (item === 2) break;
      }
    });
    assert.equal(closed, true);
  });

  it('are cut to a length that a message can hold', async () => {
    const waits = new OutsideWaits(new FakeClock());
    const long = open('x'.repeat(10_000));
    const work = waits.during(long.wait);
    assert.equal(waits.oldest()?.what.length, 240);
    long.end();
    await work;
  });
});
