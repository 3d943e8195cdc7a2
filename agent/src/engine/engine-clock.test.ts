import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { known, startWith, uuid } from '../../test/support/engine/harness.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const task = { id: uuid(1), type: 'config-validate' } as const;

/** An engine with a schedule, at 2026-01-01T00:00:00Z; each of its runs ends at once. */
const setUp = (cron: string) => {
  const { engine, handler, clock } = startWith();
  engine.submitScheduled(task, { cron });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= minute) {
      await clock.advance(Math.min(left, minute));
      for (const run of handler.runs) run.complete();
      await clock.advance(0);
    }
  };
  return { clock, pass, runs: () => handler.runs.length, next: () => known(engine, task.id).nextRunAt };
};

describe('a clock that is a day ahead for a while', () => {
  it('stops no schedule that fired meanwhile: it fires at its next time', async () => {
    const { clock, pass, runs, next } = setUp('*/5 * * * *');
    await pass(12 * minute);
    assert.equal(runs(), 2);
    clock.jump(day);
    await pass(minute);
    assert.equal(runs(), 3);
    clock.jump(-day);
    await pass(2 * minute);
    assert.equal(next(), '2026-01-01T00:20:00.000Z');
    assert.equal(runs(), 4);
    await pass(hour);
    assert.equal(runs(), 16);
  });

  it('costs a daily schedule no night', async () => {
    const { clock, pass, runs, next } = setUp('0 3 * * *');
    await pass(10 * hour);
    assert.equal(runs(), 1);
    clock.jump(day);
    await pass(minute);
    assert.deepEqual([runs(), next()], [2, '2026-01-03T03:00:00.000Z']);
    clock.jump(-day);
    await pass(minute);
    assert.equal(next(), '2026-01-02T03:00:00.000Z');
    await pass(day);
    assert.equal(runs(), 3);
  });

  it('stops no schedule that was made meanwhile', async () => {
    const { engine, clock } = startWith();
    clock.jump(day);
    engine.submitScheduled(task, { cron: '0 3 * * *' });
    clock.jump(-day);
    await clock.advance(minute);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T03:00:00.000Z');
  });
});

it('a clock that is set back by seconds behind a firing does not fire it twice', async () => {
  const { clock, pass, runs, next } = setUp('*/5 * * * *');
  await pass(5 * minute);
  clock.jump(-5_000);
  await pass(minute);
  assert.deepEqual([runs(), next()], [1, '2026-01-01T00:10:00.000Z']);
});
