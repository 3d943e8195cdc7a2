import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunRecord } from '@nodetask/shared';
import type { Engine } from './engine.ts';
import { known, refusal, startEngine, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';

/**
 * The sixteen behaviours of the Go package that surprise its users, by their numbers, and what this engine does instead.
 */

const task = { id: uuid(1), type: 'config-validate' } as const;
const minute = 60_000;

const runs = (engine: Engine): readonly RunRecord[] => engine.unreported(1)[0]?.runs ?? [];

describe('surprises of the ancestor', () => {
  it('1. busy instead of queueing: kept, and the blocker is named', () => {
    const { engine } = startWith();
    engine.submit(task);
    const error = refusal('busy', () => engine.submit({ type: 'config-validate' }));
    assert.deepEqual(error.details, { blockedBy: { id: task.id, type: 'config-validate' } });
  });

  it('2. one status code for one-shots, another for the rest: the caller is told which kind it was', () => {
    const { engine } = startWith();
    assert.equal(engine.submitRequest({ type: 'config-validate' }).async, undefined);
    const schedule = { cron: '@daily' };
    assert.deepEqual(engine.submitRequest({ type: 'config-validate', async: { schedule } }).async, { schedule });
    const daemon = { restartPolicy: 'Never' } as const;
    assert.deepEqual(engine.submitRequest({ type: 'config-validate', async: { daemon } }).async, { daemon });
  });

  it('3. the running one-shot cannot be removed: here it is cancelled', async () => {
    const { engine, handler } = startWith();
    engine.submit(task);
    await turn();
    assert.equal(engine.removeResult(task.id), true);
    assert.equal(handler.last.context.signal.aborted, true);
  });

  it('4. removing a schedule lets its run go on: here it stops, as that of a daemon does', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *' });
    engine.submitDaemon({ ...task, id: uuid(2) }, { restartPolicy: 'OnFailure' });
    await clock.advance(minute);
    engine.removeResult(uuid(1));
    engine.removeResult(uuid(2));
    assert.deepEqual(
      handler.runs.map(({ context }) => context.signal.aborted),
      [true, true],
    );
  });

  it('5. overlap is skipped without advancing next-run: kept', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *' });
    await clock.advance(minute);
    await clock.advance(minute);
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T00:02:00.000Z');
  });

  it('6. a waiting schedule says running, an executing one may say completed: here always running, its runs tell', async () => {
    const { engine, handler, clock } = startWith();
    const ref = { namespace: 'sei', name: 'task', uid: 'u', maxResultBytes: 2048 };
    engine.submitScheduled({ ...task, ref }, { cron: '* * * * *' });
    assert.deepEqual([known(engine, task.id).status, runs(engine)[0]?.status], ['running', undefined]);
    await clock.advance(minute);
    handler.last.complete();
    await turn();
    assert.deepEqual([known(engine, task.id).status, runs(engine)[0]?.status], ['running', 'completed']);
    await clock.advance(minute);
    assert.deepEqual([known(engine, task.id).status, runs(engine)[0]?.status], ['running', 'running']);
  });

  it('7. status hides Ready while Running; healthz does not: kept', async () => {
    const { engine, handler } = startWith();
    engine.submit({ type: 'mark-ready' });
    await turn();
    handler.last.complete();
    await turn();
    engine.submit(task);
    assert.equal(engine.status().status, 'Running');
    assert.equal(engine.healthz(), true);
  });

  it('8. daemons and schedules never make the status Running: kept', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *' });
    engine.submitDaemon({ ...task, id: uuid(2) }, { restartPolicy: 'Never' });
    await clock.advance(minute);
    assert.equal(handler.runs.length, 2);
    assert.equal(engine.status().status, 'Initializing');
  });

  it('9. a list cut to 10 hides schedules: here it is complete', async () => {
    const { engine, handler } = startWith();
    engine.submitScheduled({ ...task, id: uuid(100) }, { cron: '@daily' });
    for (let number = 1; number <= 30; number++) {
      engine.submit({ ...task, id: uuid(number) });
      await turn();
      handler.last.complete();
      await turn();
    }
    const ids = engine.recentResults().results.map(({ id }) => id);
    assert.equal(ids.length, 31);
    assert.equal(ids.at(-1), uuid(100));
  });

  it('10. eviction looks like never-existed: here an evicted id is gone, not new', async () => {
    const { engine, handler } = startWith({}, { keepResults: 1 });
    for (let number = 1; number <= 2; number++) {
      engine.submit({ ...task, id: uuid(number) });
      await turn();
      handler.last.complete();
      await turn();
    }
    assert.equal(engine.getResult(uuid(1)), undefined);
    assert.equal(engine.isTombstoned(uuid(1)), true);
    refusal('gone', () => engine.submit({ ...task, id: uuid(1) }));
    assert.equal(engine.isTombstoned(uuid(3)), false);
  });

  it('11. mark-ready as a daemon does not mark ready: here it is refused', () => {
    const { engine } = startWith({ daemon: false });
    refusal('invalid-request', () => engine.submitDaemon({ ...task, type: 'mark-ready' }, { restartPolicy: 'Never' }));
    assert.equal(engine.getResult(task.id), undefined);
    assert.equal(engine.healthz(), false);
  });

  it('12. busy may follow a seen completed: never here', async () => {
    const { engine, handler } = startWith();
    for (let number = 1; number <= 200; number++) {
      const id = engine.submit({ ...task, id: uuid(number) });
      await turn();
      handler.last.complete();
      // Looks as often as it can, and submits in the very microtask in which the end is seen.
      while (known(engine, id).status === 'running') await Promise.resolve();
    }
    assert.equal(handler.runs.length, 200);
  });

  it('13. async: {} is a one-shot: refused here, naming what is missing', () => {
    const { engine } = startWith();
    const error = refusal('invalid-request', () => engine.submitRequest({ type: 'config-validate', async: {} }));
    assert.match(error.message, /async: give exactly one of schedule and daemon/u);
  });

  it('14. bad params are accepted and fail later: refused here, naming each fault', () => {
    const { engine } = startEngine({ handlers: { 'config-patch': new ControlledHandler() } });
    const error = refusal('invalid-params', () => engine.submit({ type: 'config-patch', params: { files: 'none' } }));
    assert.match(JSON.stringify(error.details), /"path":"params\.files"/u);
  });

  it('15. 31 February is accepted and fires on every tick: refused here, naming the field', () => {
    const { engine } = startWith();
    const error = refusal('invalid-schedule', () => engine.submitScheduled(task, { cron: '0 0 31 2 *' }));
    assert.match(error.message, /dayOfMonth "31"/u);
  });

  it('16. the bound of the history is not really tested: here it is, above its limit', async () => {
    const { engine, handler } = startWith({}, { keepResults: 10 });
    for (let number = 1; number <= 25; number++) {
      engine.submit({ ...task, id: uuid(number) });
      await turn();
      handler.last.complete();
      await turn();
      assert.equal(engine.recentResults().results.length, Math.min(number, 10));
    }
    assert.equal(engine.recentResults().results.at(-1)?.id, uuid(16));
  });
});
