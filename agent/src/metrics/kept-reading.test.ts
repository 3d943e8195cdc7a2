import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { KeptReading } from './kept-reading.ts';

/** A reading of answers that the test gives, and how often it was made. */
const setUp = () => {
  const clock = new FakeClock();
  const answers: PromiseWithResolvers<number>[] = [];
  const signals: AbortSignal[] = [];
  const reading = new KeptReading<number>(
    async (signal) => {
      const answer = Promise.withResolvers<number>();
      answers.push(answer);
      signals.push(signal);
      return answer.promise;
    },
    { clock, keepMs: 10_000, timeoutMs: 3_000 },
  );
  const answer = (value: number): void => {
    answers.at(-1)?.resolve(value);
  };
  return { clock, reading, answers, signals, answer };
};

describe('a reading that metrics ask for at each scrape', () => {
  it('is made once for all who ask meanwhile, and not again in the time for which it counts', async () => {
    const { clock, reading, answers, answer } = setUp();
    const asked = [reading.get(), reading.get()];
    answer(7);
    assert.deepEqual(await Promise.all(asked), [7, 7]);
    await clock.advance(9_999);
    assert.equal(await reading.get(), 7);
    assert.equal(answers.length, 1);
    await clock.advance(1);
    const next = reading.get();
    answer(8);
    assert.equal(await next, 8);
    assert.equal(clock.pendingTimers, 0);
  });

  it('that fails counts as none for the same time', async () => {
    const { clock, reading, answers } = setUp();
    const asked = reading.get();
    answers[0]?.reject(new Error('refused'));
    assert.equal(await asked, undefined);
    assert.equal(await reading.get(), undefined);
    assert.equal(answers.length, 1);
    await clock.advance(10_000);
    void reading.get();
    assert.equal(answers.length, 2);
  });

  it('that takes too long holds nobody up, is told to end, and has no second one beside it', async () => {
    const { clock, reading, answers, signals, answer } = setUp();
    const asked = reading.get();
    await clock.advance(3_000);
    assert.equal(await asked, undefined);
    assert.equal(signals[0]?.aborted, true);
    await clock.advance(10_000);
    const again = reading.get();
    await clock.advance(3_000);
    assert.equal(await again, undefined);
    assert.equal(answers.length, 1);
    // Its answer counts when it comes after all.
    answer(9);
    await clock.advance(0);
    assert.equal(await reading.get(), 9);
  });
});
