import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { MemoryStore } from '../store/memory-store.ts';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';
import { known, refusal, startEngine, startWith, turn, uuid } from '../../test/support/engine/harness.ts';

const task = { id: uuid(1), type: 'config-validate' } as const;
const hour = 3600_000;

describe('after a crash', () => {
  it('an interrupted one-shot ends as failed and retriable where its handler says fail', async () => {
    const first = startWith({ interrupted: 'fail' });
    first.engine.submit(task);
    await turn();
    const { engine } = first.restart();
    const result = known(engine, task.id);
    assert.equal(result.status, 'failed');
    assert.equal(result.errorCode, 'interrupted');
    assert.equal(result.retriable, true);
    assert.equal(result.run, 1);
    await turn();
    assert.equal(first.handler.runs.length, 1);
    engine.submit({ ...task, run: 2 });
  });

  it('it runs again, with its run number, where its handler says run-again', async () => {
    const first = startWith({ interrupted: 'run-again', locks: ['config'] });
    first.engine.submit(task);
    await turn();
    first.handler.last.fail(new Error('boom'));
    await turn();
    first.engine.submit({ ...task, run: 2 });
    await turn();
    const { engine } = first.restart();
    assert.equal(engine.status().status, 'Running');
    refusal('busy', () => engine.submit({ type: 'config-validate' }));
    await turn();
    assert.equal(first.handler.runs.length, 3);
    assert.equal(first.handler.last.context.run, 2);
    first.handler.last.complete();
    await turn();
    assert.equal(known(engine, task.id).status, 'completed');
    assert.equal(known(engine, task.id).run, 2);
  });

  it('a task whose type has no handler any more ends as failed', async () => {
    const first = startWith();
    first.engine.submit(task);
    first.engine.submitScheduled({ ...task, id: uuid(2) }, { cron: '@daily' });
    first.engine.submitDaemon({ ...task, id: uuid(3) }, { restartPolicy: 'OnFailure' });
    const { engine } = first.restart({ handlers: {} });
    for (const id of [uuid(1), uuid(2), uuid(3)]) {
      assert.equal(known(engine, id).status, 'failed');
      assert.equal(known(engine, id).errorCode, 'no-handler');
      assert.equal('nextRunAt' in known(engine, id), false);
    }
  });

  it('finished tasks, lists, readiness and tombstones are as before', async () => {
    const first = startWith();
    for (let number = 1; number <= 3; number++) {
      first.engine.submit({ type: number === 2 ? 'mark-ready' : 'config-validate', id: uuid(number) });
      await turn();
      if (number === 3) first.handler.last.fail(new Error('boom'));
      else first.handler.last.complete();
      await turn();
    }
    first.engine.removeResult(uuid(1));
    const before = first.engine.recentResults();
    const { engine } = first.restart();
    assert.deepEqual(engine.recentResults(), before);
    assert.deepEqual(
      before.results.map(({ id }) => id),
      [uuid(3), uuid(2)],
    );
    assert.equal(engine.healthz(), true);
    assert.equal(engine.status().status, 'Ready');
    refusal('gone', () => engine.submit(task));
    assert.equal(engine.submit({ type: 'config-validate', id: uuid(3) }), uuid(3));
    await turn();
    assert.equal(first.handler.runs.length, 3, 'the failed one is not run by asking again');
  });

  it('a schedule keeps its next time; what was missed meanwhile becomes one run', async () => {
    const missed: number[] = [];
    const first = startWith({}, { observer: { runsMissed: (_type, count) => missed.push(count) } });
    first.engine.submitScheduled(task, { cron: '@hourly' });
    first.engine.submitScheduled({ ...task, id: uuid(2) }, { cron: '0 12 * * *' });
    first.clock.jump(5 * hour + 60_000);
    const { engine } = first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 1);
    assert.equal(known(engine, task.id).run, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-01-01T06:00:00.000Z');
    assert.equal(known(engine, uuid(2)).nextRunAt, '2026-01-01T12:00:00.000Z');
    assert.deepEqual(missed, [4]);
  });

  it('the run that caught up is the newest missed one, and only within the starting deadline', async () => {
    const first = startWith();
    first.engine.submitScheduled(task, { cron: '@hourly', startingDeadlineSeconds: 600 });
    first.engine.submitScheduled({ ...task, id: uuid(2) }, { cron: '@hourly', startingDeadlineSeconds: 120 });
    first.clock.jump(5 * hour + 5 * 60_000);
    const { engine } = first.restart();
    await turn();
    assert.deepEqual(
      first.handler.runs.map(({ context }) => context.id),
      [task.id],
    );
    assert.equal(known(engine, uuid(2)).errorCode, 'missed-deadline');
    assert.match(known(engine, uuid(2)).error ?? '', /^.*the run due 2026-01-01 05:00 UTC could not start/u);
  });

  it('many missed firings are found quickly', async () => {
    const first = startWith();
    first.engine.submitScheduled(task, { cron: '* * * * *', timeZone: 'America/New_York' });
    first.clock.jump(300 * 24 * hour + 30_000);
    const started = performance.now();
    const { engine } = first.restart();
    await turn();
    assert.ok(performance.now() - started < 1000);
    assert.equal(first.handler.runs.length, 1);
    assert.equal(known(engine, task.id).nextRunAt, '2026-10-28T00:01:00.000Z');
  });

  for (const [interrupted, runs] of [
    ['run-again', 2],
    ['fail', 1],
  ] as const) {
    it(`an interrupted run of a cron schedule is finished as its handler declares: ${interrupted}`, async () => {
      const first = startWith({ interrupted });
      first.engine.submitScheduled(task, { cron: '@hourly' });
      await first.clock.advance(hour);
      const { engine } = first.restart();
      await turn();
      assert.equal(first.handler.runs.length, runs);
      const result = known(engine, task.id);
      assert.equal(result.status, 'running');
      assert.equal(result.run, 1);
      assert.equal(result.nextRunAt, '2026-01-01T02:00:00.000Z', 'as it was');
      assert.equal(result.errorCode, interrupted === 'fail' ? 'interrupted' : undefined);
      await first.clock.advance(hour);
      if (interrupted === 'fail') assert.equal(first.handler.last.context.run, 2);
    });
  }

  it('a one-shot and a schedule that were interrupted both run again, each with its locks', async () => {
    const config = new ControlledHandler({ interrupted: 'run-again', locks: ['config'] });
    const data = new ControlledHandler({ interrupted: 'run-again', locks: ['data'] });
    const first = startEngine({ handlers: { 'config-validate': config, 'mark-ready': data } });
    first.engine.submitScheduled(task, { cron: '@hourly' });
    await first.clock.advance(hour);
    first.engine.submit({ type: 'mark-ready' });
    await turn();
    const { engine } = first.restart();
    await turn();
    assert.equal(config.runs.length, 2);
    assert.equal(data.runs.length, 2);
    assert.equal(engine.status().status, 'Running');
  });

  it('a task keeps its identity through an upgrade that adds a default', async () => {
    const store = new MemoryStore();
    const handler = new ControlledHandler();
    const first = startEngine({ store, handlers: { 'config-patch': handler } });
    const request = { id: uuid(1), type: 'config-patch', params: { files: { 'app.toml': { a: 1 } } } } as const;
    first.engine.submitScheduled(request, { cron: '@daily' });
    // As an agent without `dryRun` would have journalled it.
    const record = store.get(uuid(1));
    assert.ok(record !== undefined);
    store.put({ ...record, params: request.params, fingerprint: 'of an older agent' });
    const { engine } = first.restart();
    assert.equal(engine.submitScheduled(request, { cron: '@daily' }), uuid(1));
    refusal('conflict', () =>
      engine.submitScheduled({ ...request, params: { ...request.params, dryRun: true } }, { cron: '@daily' }),
    );
  });
});

describe('mark-ready', () => {
  it('counts when its completion is journalled, and not before', async () => {
    const first = startWith();
    first.engine.submit({ type: 'mark-ready', id: task.id });
    await turn();
    assert.equal(first.engine.healthz(), false);
    const crashed = first.restart();
    assert.equal(crashed.engine.healthz(), false, 'interrupted: it does not count');
    crashed.engine.submit({ type: 'mark-ready', id: task.id, run: 2 });
    await turn();
    first.handler.last.complete();
    await turn();
    assert.equal(crashed.engine.healthz(), true);
    assert.equal(crashed.restart().engine.healthz(), true, 'remembered');
  });

  it('interrupted between its effect and its commit, it is never half: ready if and only if completed', async () => {
    const first = startWith();
    first.engine.submit({ type: 'mark-ready', id: task.id });
    await turn();
    first.store.fail('writes');
    first.handler.last.complete();
    await turn();
    assert.equal(first.engine.healthz(), false);
    const { engine } = first.restart();
    assert.equal(engine.healthz(), false);
    assert.equal(known(engine, task.id).status, 'failed');
  });

  it('a failed one does not count, and a later failure does not undo it', async () => {
    const { engine, handler } = startWith();
    engine.submit({ type: 'mark-ready' });
    await turn();
    handler.last.fail(new Error('boom'));
    await turn();
    assert.equal(engine.healthz(), false);
    assert.equal(engine.status().status, 'Initializing');
    engine.submit({ type: 'mark-ready' });
    assert.equal(engine.status().status, 'Running');
    await turn();
    handler.last.complete();
    await turn();
    assert.equal(engine.status().status, 'Ready');
    for (const type of ['mark-ready', 'config-validate'] as const) {
      engine.submit({ type });
      assert.equal(engine.status().status, 'Running', 'Running hides Ready');
      assert.equal(engine.healthz(), true, 'healthz does not');
      await turn();
      handler.last.fail(new Error('boom'));
      await turn();
      assert.equal(engine.healthz(), true);
      assert.equal(engine.status().status, 'Ready');
    }
  });
});

describe('shutdown', () => {
  it('starts nothing more, from the tick of the abort on', async () => {
    const { engine, handler, clock, stop } = startWith();
    engine.submitScheduled(task, { cron: '@hourly' });
    await turn();
    const stopped = stop();
    refusal('stopping', () => engine.submit({ type: 'config-validate' }));
    refusal('stopping', () => engine.submitScheduled(task, { cron: '@daily' }));
    refusal('stopping', () => engine.submitDaemon(task, { restartPolicy: 'Never' }));
    refusal('stopping', () => engine.updateSchedule(task.id, { suspend: true }));
    await stopped;
    assert.equal(clock.pendingTimers, 0);
    engine.evalSchedules(new Date('2030-01-01T00:00:00Z'));
    await clock.advance(24 * hour);
    assert.equal(handler.runs.length, 0);
    assert.equal(known(engine, task.id).id, task.id, 'reading goes on');
  });

  it('a task submitted in the same tick as the abort does not run, and is left for the next start', async () => {
    const first = startWith();
    first.engine.submit(task);
    await first.stop();
    assert.equal(first.handler.runs.length, 0);
    const { engine } = first.restart();
    assert.equal(known(engine, task.id).errorCode, 'interrupted');
  });

  it('running handlers are aborted with a reason, and their rows are left for the next start', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    first.engine.submitDaemon({ ...task, id: uuid(2) }, { restartPolicy: 'Never' });
    await turn();
    await first.stop();
    const reason: unknown = first.handler.last.context.signal.reason;
    assert.ok(reason instanceof TaskError && reason.code === 'stopping');
    assert.equal(known(first.engine, task.id).status, 'running');
    const { engine } = first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 4);
    assert.equal(known(engine, uuid(2)).status, 'running');
  });

  it('a success is stored even under the abort', async () => {
    const { engine, handler, stop } = startWith({ heedsAbort: false });
    engine.submit(task);
    await turn();
    const stopped = stop();
    handler.last.complete();
    await stopped;
    assert.equal(known(engine, task.id).status, 'completed');
  });

  it('`closed` waits for what runs, but not longer than the grace time', async () => {
    const { engine, clock, stop, handler } = startWith({ heedsAbort: false }, { stopGraceMs: 5000 });
    engine.submit(task);
    await turn();
    let closed = false;
    const stopped = stop().then(() => {
      closed = true;
      return closed;
    });
    await clock.advance(4999);
    assert.equal(closed, false);
    await clock.advance(1);
    await stopped;
    handler.last.complete();
    await turn();
    assert.equal(clock.pendingTimers, 0);
  });

  it('removal still works while it stops', async () => {
    const { engine, handler, stop } = startWith({ heedsAbort: false });
    engine.submit(task);
    await turn();
    const stopped = stop();
    assert.equal(engine.removeResult(task.id), true);
    handler.last.complete();
    await stopped;
    assert.equal(engine.getResult(task.id), undefined);
  });

  it('an engine whose signal has aborted before it begins starts nothing', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    await turn();
    const { engine, stop } = first.restart({ clock: first.clock });
    await stop();
    await turn();
    assert.equal(first.handler.runs.length, 1, 'it was aborted in the tick of its start');
    assert.equal(known(engine, task.id).status, 'running');
  });
});
