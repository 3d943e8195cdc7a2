import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { type RunRecord, type Schedule, taskResultSchema } from '@nodetask/shared';
import type { Engine } from './engine.ts';
import { known, refusal, startEngine, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';

const minute = 60_000;
const hour = 60 * minute;
const task = { id: uuid(1), type: 'config-validate' } as const;
const ref = { namespace: 'sei', name: 'task', uid: 'u', maxResultBytes: 2048 };

/** The runs of a schedule as a NodeTask shows them; the task must have a ref. */
const runsOf = (engine: Engine, id: string): readonly RunRecord[] =>
  engine.unreported(100).find((report) => report.id === id)?.runs ?? [];

describe('submitScheduled', () => {
  it('gives an id and a next time at once, and is listed as running while it waits', () => {
    const { engine } = startWith();
    const id = engine.submitScheduled({ type: 'config-validate' }, { cron: '0 3 * * *', timeZone: 'Europe/Berlin' });
    const result = known(engine, id);
    assert.equal(result.nextRunAt, '2026-01-01T02:00:00.000Z');
    assert.equal(result.status, 'running');
    assert.equal(result.run, 0);
    assert.deepEqual(result.async, { schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' } });
    assert.deepEqual(engine.recentResults().results, [result]);
    taskResultSchema.parse(result);
  });

  for (const [what, schedule, field] of [
    ['an empty expression', { cron: '' }, 'cron'],
    ['an invalid expression', { cron: '61 * * * *' }, 'minute'],
    ['six fields', { cron: '0 0 3 * * *' }, 'expression'],
    ['31 February, which would never fire', { cron: '0 0 31 2 *' }, 'dayOfMonth'],
    ['a time zone that nobody knows', { cron: '@daily', timeZone: 'Mars/Base' }, 'timeZone'],
    ['an offset instead of a time zone', { cron: '@daily', timeZone: '+02:00' }, 'timeZone'],
    ['no trigger', {}, 'exactly one of cron and blockHeight'],
    ['two triggers', { cron: '@daily', blockHeight: 5 }, 'exactly one of cron and blockHeight'],
    ['a height where no chain is watched', { blockHeight: 5 }, 'blockHeight'],
  ] as const) {
    it(`refuses ${what}, naming the fault`, () => {
      const { engine } = startWith();
      assert.throws(
        () => engine.submitScheduled(task, schedule),
        (error) => error instanceof Error && error.message.includes(field),
      );
      assert.deepEqual(engine.recentResults().results, []);
    });
  }

  it('bypasses the one-shot lock, and schedules of one type may overlap', async () => {
    const { engine, handler, clock } = startWith();
    engine.submit({ type: 'config-validate' });
    engine.submitScheduled(task, { cron: '* * * * *' });
    engine.submitScheduled({ ...task, id: uuid(2) }, { cron: '* * * * *' });
    await clock.advance(minute);
    assert.equal(handler.runs.length, 3);
  });

  it('answers the same request again, and refuses one with another cron, zone, deadline or suspend by their names', async () => {
    const { engine, clock, handler } = startWith();
    engine.submitScheduled(task, { cron: '@daily' });
    assert.equal(engine.submitScheduled(task, { cron: '@daily', timeZone: 'Etc/UTC', suspend: false }), task.id);
    const differing = (schedule: Schedule): unknown =>
      refusal('schedule-conflict', () => engine.submitScheduled(task, schedule)).details?.['differs'];
    assert.deepEqual(differing({ cron: '@hourly' }), ['cron']);
    assert.deepEqual(
      differing({ cron: '@daily', timeZone: 'Europe/Berlin', startingDeadlineSeconds: 5, suspend: true }),
      ['timeZone', 'startingDeadlineSeconds', 'suspend'],
    );
    assert.deepEqual(known(engine, task.id).async, { schedule: { cron: '@daily' } });

    // A request that was on its way since before the change does not set it back.
    engine.updateSchedule(task.id, { cron: '@hourly', suspend: true });
    assert.deepEqual(differing({ cron: '@daily' }), ['cron']);
    assert.equal(engine.submitScheduled(task, { cron: '@hourly' }), task.id);
    assert.deepEqual(known(engine, task.id).async, { schedule: { cron: '@hourly', suspend: true } });
    assert.deepEqual(refusal('conflict', () => engine.submit(task)).details, { differs: ['async'] });
    assert.deepEqual(refusal('conflict', () => engine.submitScheduled(task, { blockHeight: 5 })).details, {
      differs: ['async'],
    });

    // Another limit of time counts from the next run on.
    engine.updateSchedule(task.id, { suspend: false });
    engine.submitScheduled({ ...task, timeoutSeconds: 30 }, { cron: '@hourly' });
    await clock.advance(hour);
    await clock.advance(30_000);
    assert.equal(known(engine, task.id).errorCode, 'timed-out');
    engine.submitScheduled(task, { cron: '@hourly' });
    await clock.advance(hour);
    assert.equal(handler.last.context.signal.aborted, false);
    assert.equal(handler.last.context.run, 2);
  });

  it('goes on after the last known run of a lost journal: what was missed since becomes one run', async () => {
    const { engine, handler } = startWith();
    const resume = { lastRun: 41, lastRunAt: '2025-12-31T20:00:00Z' };
    engine.submitScheduled({ ...task, resume, ref }, { cron: '@hourly' });
    await turn();
    assert.equal(handler.runs.length, 1);
    assert.equal(handler.last.context.run, 42);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T01:00:00.000Z');
  });

  it('a last run in the future, by a clock that was wrong, keeps nothing from firing', () => {
    const { engine } = startWith();
    engine.submitScheduled({ ...task, resume: { lastRun: 1, lastRunAt: '2029-01-01T00:00:00Z' } }, { cron: '@hourly' });
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T01:00:00.000Z');
  });
});

describe('a run of a schedule that does nothing', () => {
  it('tells outcome and reason in the runs, and the reason in words in the result until the next run ends', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, ref }, { cron: '*/10 * * * *' });
    await clock.advance(10 * minute);
    const numbers = { height: 8_000, bytes: 41_000_000_000 };
    handler.last.complete({ outcome: 'skipped', reason: 'fewer-than-2-snapshots', message: 'm'.repeat(600), numbers });
    await turn();
    const first = known(engine, task.id);
    taskResultSchema.parse(first);
    assert.deepEqual(
      [first.outcome, first.reason, first.message?.length, 'error' in first],
      ['skipped', 'fewer-than-2-snapshots', 512, false],
    );
    await clock.advance(10 * minute);
    assert.equal(known(engine, task.id).reason, 'fewer-than-2-snapshots', 'while the next one runs');
    handler.last.complete();
    await turn();
    assert.equal('reason' in known(engine, task.id), false);
    assert.equal('message' in known(engine, task.id), false);
    assert.deepEqual(
      runsOf(engine, task.id).map(({ run, outcome, reason }) => [run, outcome, reason]),
      [
        [2, 'changed', undefined],
        [1, 'skipped', 'fewer-than-2-snapshots'],
      ],
    );
    const [, kept] = runsOf(engine, task.id);
    assert.deepEqual([kept?.numbers, kept?.message?.length], [numbers, 128], 'with words and numbers');
  });
});

describe('a schedule by cron', () => {
  it('fires when it is due, by its own timer, and its next time moves on before the run begins', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, ref }, { cron: '*/10 * * * *' });
    await clock.advance(10 * minute - 1);
    assert.equal(handler.runs.length, 0);
    await clock.advance(1);
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T00:20:00.000Z');
    assert.equal(known(engine, task.id).run, 1);
    assert.deepEqual(runsOf(engine, task.id), [{ run: 1, status: 'running', startedAt: '2026-01-01T00:10:00.000Z' }]);

    handler.last.complete({ outcome: 'unchanged', output: { valid: true } });
    await turn();
    const result = known(engine, task.id);
    assert.equal(result.status, 'running', 'it waits for its next run');
    assert.equal(result.completedAt, '2026-01-01T00:10:00.000Z');
    assert.equal(result.outcome, 'unchanged');
    assert.deepEqual(result.output, { valid: true });
    assert.equal(runsOf(engine, task.id)[0]?.status, 'completed');
    taskResultSchema.parse(result);
  });

  it('polls nothing: one timer for all schedules, none without', async () => {
    const { engine, clock } = startWith();
    assert.equal(clock.pendingTimers, 0);
    for (let number = 1; number <= 5; number++) {
      engine.submitScheduled({ type: 'config-validate', id: uuid(number) }, { cron: '@daily' });
    }
    await turn();
    assert.equal(clock.pendingTimers, 1);
    for (let number = 1; number <= 5; number++) engine.removeResult(uuid(number));
    await turn();
    assert.equal(clock.pendingTimers, 0);
  });

  it('evalSchedules fires only what is due at the time that it is given', async () => {
    const { engine, handler } = startWith();
    engine.submitScheduled(task, { cron: '0 1 * * *' });
    engine.submitScheduled({ ...task, id: uuid(2) }, { cron: '0 2 * * *' });
    engine.evalSchedules(new Date('2026-01-01T00:59:59Z'));
    await turn();
    assert.equal(handler.runs.length, 0);
    engine.evalSchedules(new Date('2026-01-01T01:00:00Z'));
    engine.evalSchedules(new Date('2026-01-01T01:00:00Z'));
    await turn();
    assert.deepEqual(
      handler.runs.map(({ context }) => context.id),
      [uuid(1)],
    );
    assert.equal(known(engine, uuid(1)).nextRunAt, '2026-01-02T01:00:00.000Z');
  });

  it('keeps the last error until a run ends well, and the last ten runs', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, ref }, { cron: '* * * * *' });
    for (let run = 1; run <= 12; run++) {
      await clock.advance(minute);
      if (run === 11) handler.last.fail(new Error('x'.repeat(300)));
      else handler.last.complete();
      await turn();
      if (run === 11) {
        assert.equal(known(engine, task.id).errorCode, 'handler-failed');
        assert.equal('outcome' in known(engine, task.id), false);
        assert.equal(runsOf(engine, task.id)[0]?.error?.length, 128);
      }
    }
    const result = known(engine, task.id);
    assert.equal('error' in result || 'errorCode' in result || 'retriable' in result, false);
    assert.deepEqual(
      runsOf(engine, task.id).map(({ run, status }) => `${run} ${status}`),
      ['12 completed', '11 failed', ...[10, 9, 8, 7, 6, 5, 4, 3].map((run) => `${run} completed`)],
    );
  });

  it('overlap: a run still active is skipped, not doubled; next-run stays due and fires once when it has ended', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *' });
    await clock.advance(minute);
    await clock.advance(3 * minute + 1000);
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T00:02:00.000Z');
    handler.last.complete();
    await turn();
    assert.equal(handler.runs.length, 2, 'three firings have become one');
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T00:05:00.000Z');
    handler.last.complete();
    await turn();
    assert.equal(handler.runs.length, 2);
  });

  it('a due run whose lock is held stays due, and starts when the lock is given back', async () => {
    const { engine, handler, clock } = startWith({ locks: ['config'] });
    engine.submit({ type: 'config-validate' });
    engine.submitScheduled(task, { cron: '0 1 * * *' });
    await clock.advance(hour + 5 * minute);
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T01:00:00.000Z');
    handler.last.complete();
    await turn();
    assert.equal(handler.last.context.id, task.id);
    const error = refusal('busy', () => engine.submit({ type: 'config-validate' }));
    assert.deepEqual(
      error.details,
      { blockedBy: { id: task.id, type: 'config-validate' } },
      'and now it holds the lock',
    );
  });

  it('a lock of a daemon, given back, starts what was held up', async () => {
    const daemon = new ControlledHandler();
    const { engine, handler, clock } = startWith({ locks: ['config'] }, { handlers: { 'result-export': daemon } });
    engine.submitDaemon({ type: 'result-export', params: exportParams }, { restartPolicy: 'Never' });
    await turn();
    const work = Promise.withResolvers<void>();
    const locked = daemon.last.context.withLocks(['config'], async () => work.promise);
    engine.submitScheduled(task, { cron: '* * * * *' });
    await clock.advance(minute);
    assert.equal(handler.runs.length, 0);
    work.resolve();
    await locked;
    await turn();
    assert.equal(handler.runs.length, 1);
  });

  it('a due run that cannot start in its starting deadline is recorded as missed, and the next one is on time', async () => {
    const missed: number[] = [];
    const { engine, handler, clock } = startWith(
      { locks: ['config'] },
      { observer: { runsMissed: (_type, count) => missed.push(count) } },
    );
    engine.submit({ type: 'config-validate' });
    engine.submitScheduled({ ...task, ref }, { cron: '@hourly', startingDeadlineSeconds: 600 });
    await clock.advance(hour + 10 * minute);
    assert.equal(known(engine, task.id).run, 0, 'within the deadline it is still due');
    await clock.advance(1);
    assert.deepEqual(missed, [1]);
    const result = known(engine, task.id);
    assert.equal(result.run, 1);
    assert.equal(result.errorCode, 'missed-deadline');
    assert.equal(result.nextRunAt, '2026-01-01T02:00:00.000Z');
    const [record] = runsOf(engine, task.id);
    assert.equal(record?.status, 'missed');
    assert.equal(record.startedAt, '2026-01-01T01:00:00.000Z');
    taskResultSchema.parse(result);
    handler.last.complete();
    await clock.advance(50 * minute);
    assert.equal(handler.last.context.run, 2);
  });

  it('a deadline that passes while the last run goes on is recorded when that has ended', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, ref }, { cron: '@hourly', startingDeadlineSeconds: 60 });
    await clock.advance(hour);
    await clock.advance(hour + 5 * minute);
    handler.last.complete();
    await turn();
    assert.deepEqual(
      runsOf(engine, task.id).map(({ run, status }) => `${run} ${status}`),
      ['2 missed', '1 completed'],
    );
    assert.equal(handler.runs.length, 1);
  });

  it('a suspended one fires nothing and has no next time; an active run goes on', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *' });
    await clock.advance(minute);
    engine.updateSchedule(task.id, { suspend: true });
    assert.equal('nextRunAt' in known(engine, task.id), false);
    assert.equal(handler.last.context.signal.aborted, false);
    handler.last.complete();
    await clock.advance(hour);
    assert.equal(handler.runs.length, 1);
    engine.updateSchedule(task.id, { suspend: false });
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T01:02:00.000Z', 'reckoned anew from now');
    await clock.advance(minute);
    assert.equal(handler.runs.length, 2);
  });

  it('may be born suspended', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *', suspend: true });
    await clock.advance(hour);
    assert.equal(handler.runs.length, 0);
  });

  it('fires once through a gap and a fold of daylight-saving time', async () => {
    for (const [start, days, firings] of [
      ['2026-03-07T12:00:00Z', 2, ['2026-03-08T07:00:00.000Z', '2026-03-09T06:30:00.000Z']],
      ['2026-10-31T12:00:00Z', 2, ['2026-11-01T07:30:00.000Z', '2026-11-02T07:30:00.000Z']],
    ] as const) {
      const times: string[] = [];
      const clock = new FakeClock(start);
      const { engine, handler } = startWith({}, { clock });
      engine.submitScheduled(task, { cron: '30 2 * * *', timeZone: 'America/New_York' });
      for (let step = 0; step < days * 24 * 2; step++) {
        await clock.advance(hour / 2);
        if (handler.runs.length > times.length) {
          times.push(new Date(clock.now()).toISOString());
          handler.last.complete();
        }
      }
      assert.deepEqual(times, firings);
    }
  });
});

/** Its timers fire a millisecond early, and that millisecond passes when somebody has read the time. */
class EarlyClock extends FakeClock {
  #isEarly = false;

  override now(): number {
    const now = super.now();
    if (this.#isEarly) this.jump(1);
    this.#isEarly = false;
    return now;
  }

  override setTimer(delayMs: number, callback: () => void): () => void {
    return super.setTimer(delayMs - 1, () => {
      this.#isEarly = true;
      callback();
    });
  }
}

describe('a timer that fires early', () => {
  it('does not make a run late whose time comes in that very moment', async () => {
    const clock = new EarlyClock();
    const { engine, handler } = startWith({}, { clock });
    engine.submitScheduled(task, { cron: '* * * * *', startingDeadlineSeconds: 5 });
    await clock.advance(minute + 10);
    assert.equal(handler.runs.length, 1);
  });
});

const exportParams = { bucket: 'results', region: 'eu-central-1' };

describe('the wall clock jumps', () => {
  it('back: nothing fires twice', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '@hourly' });
    await clock.advance(hour);
    handler.last.complete();
    await turn();
    clock.jump(-30 * minute);
    await clock.advance(30 * minute);
    assert.equal(handler.runs.length, 1, '01:00 for the second time');
    await clock.advance(hour);
    assert.equal(handler.runs.length, 2, '02:00');
  });

  it('forward: what was jumped over becomes one run, at the latest half a minute later', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '@hourly' });
    await clock.advance(minute);
    clock.jump(5 * hour);
    await clock.advance(30_000);
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T06:00:00.000Z');
  });
});

describe('updateSchedule', () => {
  it('keeps run number and history, and reckons the next time anew from now', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, ref }, { cron: '@hourly' });
    await clock.advance(hour);
    handler.last.complete();
    await turn();
    const result = engine.updateSchedule(task.id, {
      cron: '30 4 * * *',
      timeZone: 'Asia/Tokyo',
      startingDeadlineSeconds: 60,
    });
    assert.equal(result.nextRunAt, '2026-01-01T19:30:00.000Z');
    assert.equal(result.run, 1);
    assert.equal(runsOf(engine, task.id).length, 1);
    assert.deepEqual(result.async, {
      schedule: { cron: '30 4 * * *', timeZone: 'Asia/Tokyo', startingDeadlineSeconds: 60 },
    });
    const without = engine.updateSchedule(task.id, { startingDeadlineSeconds: null });
    assert.deepEqual(without.async, { schedule: { cron: '30 4 * * *', timeZone: 'Asia/Tokyo' } });
  });

  it('repeated, moves nothing: a run that is due stays due', async () => {
    const { engine, clock } = startWith({ locks: ['config'] });
    engine.submit({ type: 'config-validate' });
    engine.submitScheduled(task, { cron: '@hourly' });
    await clock.advance(hour + minute);
    engine.updateSchedule(task.id, { cron: '@hourly', suspend: false });
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T01:00:00.000Z');
  });

  it('names what is wrong', () => {
    const { engine } = startWith();
    refusal('not-found', () => engine.updateSchedule(uuid(9), { suspend: true }));
    engine.submitScheduled(task, { cron: '@hourly' });
    refusal('invalid-schedule', () => engine.updateSchedule(task.id, { cron: '0 0 31 2 *' }));
    refusal('invalid-schedule', () => engine.updateSchedule(task.id, { timeZone: 'Nowhere' }));
    refusal('invalid-request', () => engine.updateSchedule(task.id, {}));
    const id = engine.submit({ type: 'config-validate' });
    refusal('invalid-request', () => engine.updateSchedule(id, { suspend: true }));
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T01:00:00.000Z');
  });
});

describe('a schedule and its handler', () => {
  it('the time limit counts from the start of the run', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, timeoutSeconds: 30 }, { cron: '@hourly' });
    await clock.advance(hour + 29_000);
    assert.equal(handler.last.context.signal.aborted, false);
    await clock.advance(1000);
    assert.equal(known(engine, task.id).errorCode, 'timed-out');
    assert.equal(known(engine, task.id).status, 'running');
  });

  it('long tasks end, and never hold up schedules', async () => {
    const slow = new ControlledHandler();
    const { engine, handler, clock } = startWith({}, { handlers: { 'config-patch': slow } });
    const long = engine.submit({ type: 'config-patch', params: { files: { 'app.toml': {} } } });
    engine.submitScheduled(task, { cron: '@hourly' });
    for (let run = 1; run <= 24; run++) {
      await clock.advance(hour);
      handler.last.complete();
    }
    assert.equal(handler.runs.length, 24);
    slow.last.complete();
    await turn();
    assert.equal(known(engine, long).status, 'completed');
  });

  it('a mark-ready that runs by schedule marks ready', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ type: 'mark-ready' }, { cron: '@hourly' });
    await clock.advance(hour);
    assert.equal(engine.healthz(), false);
    handler.last.complete();
    await turn();
    assert.equal(engine.healthz(), true);
  });

  it('is safe when many are due at once and come and go meanwhile', async () => {
    const { engine, handler, clock } = startWith();
    for (let number = 1; number <= 50; number++) {
      engine.submitScheduled({ type: 'config-validate', id: uuid(number) }, { cron: '* * * * *' });
    }
    engine.subscribe(({ id, result }) => {
      if (result?.run === 1 && id !== uuid(1)) engine.removeResult(id);
      engine.evalSchedules();
    });
    await clock.advance(minute);
    const ids = handler.runs.map(({ context }) => context.id);
    assert.equal(new Set(ids).size, ids.length, 'none twice');
    assert.deepEqual(
      engine.recentResults().results.map(({ id }) => id),
      [uuid(1)],
    );
  });

  it('a store that fails at the moment of firing leaves the run due', async () => {
    const { engine, handler, clock, store } = startWith();
    engine.submitScheduled(task, { cron: '@hourly' });
    store.fail('writes');
    await clock.advance(hour);
    assert.equal(handler.runs.length, 0);
    store.fail('nothing');
    await clock.advance(30_000);
    assert.equal(handler.runs.length, 1);
    assert.equal(handler.last.context.run, 1);
  });

  it('unknown handlers are refused for schedules too', () => {
    const { engine } = startEngine();
    refusal('unknown-type', () => engine.submitScheduled(task, { cron: '@hourly' }));
  });
});
