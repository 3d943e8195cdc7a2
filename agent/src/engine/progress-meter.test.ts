import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressMeter } from './progress-meter.ts';

/** Feeds a stage that does `perSecond` each second. */
const feed = (meter: ProgressMeter, fromSecond: number, seconds: number, fromDone: number, perSecond: number) => {
  let progress = meter.update({ stage: 'a', done: fromDone, total: 10_000, unit: 'bytes' }, fromSecond * 1000, 0);
  for (let second = 1; second <= seconds; second++) {
    const done = fromDone + second * perSecond;
    progress = meter.update({ stage: 'a', done, total: 10_000, unit: 'bytes' }, (fromSecond + second) * 1000, 0);
  }
  return progress;
};

describe('ProgressMeter', () => {
  it('says no rate after one measurement', () => {
    const progress = new ProgressMeter().update({ stage: 'a', done: 5, total: 10, unit: 'files' }, 0, 0);
    assert.deepEqual(progress, {
      stage: 'a',
      done: 5,
      total: 10,
      unit: 'files',
      percent: 50,
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('says the recent rate, not that of the whole run', () => {
    const meter = new ProgressMeter();
    assert.equal(feed(meter, 0, 20, 0, 10).ratePerSecond, 10);
    const faster = feed(meter, 20, 20, 200, 100);
    assert.equal(faster.ratePerSecond, 100);
    assert.equal(faster.etaSeconds, 78);
  });

  it('begins anew with a stage, and where less is done than before', () => {
    const meter = new ProgressMeter();
    feed(meter, 0, 5, 0, 10);
    assert.equal('ratePerSecond' in meter.update({ stage: 'b', done: 0, unit: 'bytes' }, 6000, 0), false);
    meter.update({ stage: 'b', done: 10, unit: 'bytes' }, 7000, 0);
    assert.equal('ratePerSecond' in meter.update({ stage: 'b', done: 0, unit: 'bytes' }, 8000, 0), false);
  });

  it('leaves off what is not known', () => {
    const meter = new ProgressMeter();
    const idle = feed(meter, 0, 5, 100, 0);
    assert.equal(idle.ratePerSecond, 0);
    assert.equal('etaSeconds' in idle, false);
    assert.equal('percent' in meter.update({ stage: 'c', done: 1, unit: 'x' }, 9000, 0), false);
    assert.equal(meter.update({ stage: 'c', done: 15, total: 10, unit: 'x' }, 9500, 0).percent, 100);
  });
});
