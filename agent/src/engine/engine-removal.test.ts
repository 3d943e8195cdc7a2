import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError } from '@nodetask/shared';
import type { ResultChange } from './engine-api.ts';
import { known, refusal, startWith, turn, uuid } from '../../test/support/engine/harness.ts';

const task = { id: uuid(1), type: 'config-validate' } as const;
const minute = 60_000;

/** Whether a promise has settled by now. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  void promise.then(() => {
    settled = true;
    return settled;
  });
  await turn();
  return settled;
};

describe('removeResult', () => {
  it('answers true, then false, then the id is gone for ever', async () => {
    const { engine, handler } = startWith();
    engine.submit(task);
    await turn();
    handler.last.complete();
    await turn();
    assert.equal(engine.removeResult(task.id), true);
    assert.equal(engine.removeResult(task.id), false);
    assert.equal(engine.getResult(task.id), undefined);
    assert.equal(engine.isTombstoned(task.id), true);
    refusal('gone', () => engine.submit(task));
    refusal('gone', () => engine.submitScheduled(task, { cron: '@daily' }));
    await turn();
    assert.equal(handler.runs.length, 1);
  });

  it('of an id that was never seen answers false, and it is never executed: a DELETE that came before its POST', () => {
    const { engine } = startWith();
    assert.equal(engine.removeResult(task.id), false);
    refusal('gone', () => engine.submit(task));
    assert.equal(engine.removeResult('not-a-uuid'), false);
    assert.equal(engine.isTombstoned('not-a-uuid'), false, 'what can be no id leaves no tombstone');
  });

  it('forgets removed ids after 30 days', async () => {
    const { engine, handler, clock } = startWith();
    engine.removeResult(task.id);
    await clock.advance(30 * 24 * 60 * minute + 1);
    engine.submit({ type: 'config-validate' });
    await turn();
    handler.last.complete();
    await turn();
    assert.equal(engine.submit(task), task.id);
  });

  it('cancels a running one-shot; what it held is free when it has stopped, not before', async () => {
    const { engine, handler } = startWith({ heedsAbort: false });
    engine.submit(task);
    await turn();
    assert.equal(engine.removeResult(task.id), true);
    const { signal } = handler.last.context;
    assert.equal(signal.aborted, true);
    assert.ok(signal.reason instanceof TaskError && signal.reason.code === 'cancelled');
    assert.equal(engine.getResult(task.id), undefined);
    assert.equal(engine.status().status, 'Initializing');
    const stopped = engine.stopped(task.id);
    assert.equal(await isSettled(stopped), false);
    const error = refusal('busy', () => engine.submit({ type: 'config-validate' }));
    assert.deepEqual(error.details, { blockedBy: { id: task.id, type: 'config-validate' } });
    handler.last.complete();
    await stopped;
    engine.submit({ type: 'config-validate' });
    assert.equal(engine.getResult(task.id), undefined, 'a success that comes too late does not bring it back');
  });

  it('an error of a cancelled task does not bring its row back', async () => {
    const { engine, handler } = startWith({ heedsAbort: false });
    engine.submit(task);
    await turn();
    engine.removeResult(task.id);
    handler.last.fail(new Error('cleaning up failed'));
    await engine.stopped(task.id);
    assert.equal(engine.getResult(task.id), undefined);
    assert.deepEqual(engine.recentResults().results, []);
  });

  it('stops a schedule and its active run', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled(task, { cron: '* * * * *' });
    await clock.advance(minute);
    assert.equal(engine.removeResult(task.id), true);
    assert.equal(handler.last.context.signal.aborted, true);
    await engine.stopped(task.id);
    await clock.advance(10 * minute);
    assert.equal(handler.runs.length, 1);
    assert.equal(engine.getResult(task.id), undefined);
  });

  it('cancels a daemon, which is not started again', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    assert.equal(engine.removeResult(task.id), true);
    await engine.stopped(task.id);
    await clock.advance(10 * minute);
    assert.equal(handler.runs.length, 1);
    assert.equal(engine.getResult(task.id), undefined);
  });

  it('cancels a task that was resumed after a crash', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    await turn();
    const { engine } = first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 2);
    assert.equal(engine.removeResult(task.id), true);
    assert.equal(first.handler.last.context.signal.aborted, true);
    await engine.stopped(task.id);
    engine.submit({ type: 'config-validate' });
  });

  it('tells listeners that it was cancelled, and what became of one that had ended', async () => {
    const { engine, handler } = startWith();
    const changes: ResultChange[] = [];
    engine.submit(task);
    engine.subscribe((change) => changes.push(change));
    await turn();
    engine.removeResult(task.id);
    await engine.stopped(task.id);
    assert.equal(changes.length, 1);
    assert.equal(changes[0]?.removed, true);
    assert.equal(changes[0].result?.status, 'failed');
    assert.equal(changes[0].result.cancelled, true);
    assert.equal(changes[0].result.errorCode, 'cancelled');
    const id = engine.submit({ type: 'config-validate' });
    await turn();
    handler.last.complete();
    await turn();
    engine.removeResult(id);
    assert.equal(changes.at(-1)?.removed, true);
    assert.equal(changes.at(-1)?.result?.status, 'completed');
  });

  it('late cleaning up of run 1 leaves run 2 alone', async () => {
    const { engine, handler, clock } = startWith({ heedsAbort: false });
    engine.submit({ ...task, timeoutSeconds: 1 });
    await turn();
    const [first] = handler.runs;
    await clock.advance(1000);
    first?.fail(new Error('cleaned up'));
    await turn();
    engine.submit({ ...task, run: 2 });
    await turn();
    first?.context.progress({ stage: 'late', done: 1, unit: 'files' });
    first?.fail(new Error('again'));
    await turn();
    const result = known(engine, task.id);
    assert.equal(result.status, 'running');
    assert.equal(result.run, 2);
    assert.equal('progress' in result, false);
    assert.equal(handler.last.context.signal.aborted, false);
  });

  it('leaves no timer and no handle behind', async () => {
    const { engine, handler, clock } = startWith();
    for (let number = 1; number <= 20; number++) {
      engine.submit({ type: 'config-validate', id: uuid(number), timeoutSeconds: 60 });
      await turn();
      handler.last.context.progress({ stage: 'a', done: 1, unit: 'files' });
      handler.last.context.progress({ stage: 'a', done: 2, unit: 'files' });
      if (number % 2 === 0) engine.removeResult(uuid(number));
      else handler.last.complete();
      await turn();
    }
    assert.equal(clock.pendingTimers, 0);
  });

  it('complains about a handler that does not heed its signal', async () => {
    const warnings: string[] = [];
    const logger = {
      debug: () => undefined,
      info: () => undefined,
      warn: (message: string) => warnings.push(message),
      error: () => undefined,
      child: () => logger,
    };
    const { engine, clock, handler } = startWith({ heedsAbort: false }, { logger });
    engine.submit(task);
    await turn();
    engine.removeResult(task.id);
    await clock.advance(10_000);
    assert.match(warnings.join(), /does not end although its signal has aborted/u);
    handler.last.complete();
    await turn();
  });
});

describe('the NodeTask of a removed task', () => {
  const ref = { namespace: 'sei', name: 'upgrade', uid: 'u1', maxResultBytes: 2048 };

  it('is told that it was cancelled, also by the next process', async () => {
    const first = startWith();
    first.engine.submit({ ...task, ref });
    await turn();
    first.engine.removeResult(task.id);
    await turn();
    const { engine } = first.restart();
    const [farewell, ...others] = engine.unreported(10);
    assert.deepEqual(others, []);
    assert.equal(farewell?.result.status, 'failed');
    assert.equal(farewell.result.cancelled, true);
    assert.equal(farewell.urgent, true);
    engine.markReported(task.id, farewell.revision);
    assert.deepEqual(engine.unreported(10), []);
    assert.equal(engine.getResult(task.id), undefined);
  });

  it('is told of it also where an earlier report was on its way meanwhile', async () => {
    const { engine } = startWith();
    engine.submit({ ...task, ref });
    await turn();
    const [sent] = engine.unreported(10);
    assert.equal(sent?.result.status, 'running');
    engine.removeResult(task.id);
    await engine.stopped(task.id);
    engine.markReported(task.id, sent.revision);
    assert.deepEqual(
      engine.unreported(10).map(({ result }) => [result.status, result.cancelled]),
      [['failed', true]],
    );
  });

  it('keeps the runs of its schedule as they ended, and waits for no next one', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitScheduled({ ...task, ref }, { cron: '* * * * *' });
    await clock.advance(minute);
    handler.last.complete();
    await turn();
    engine.removeResult(task.id);
    const [farewell] = engine.unreported(10);
    assert.equal(farewell?.result.cancelled, true);
    assert.equal(farewell.result.nextRunAt, undefined);
    assert.deepEqual(
      farewell.runs.map(({ run, status }) => [run, status]),
      [[1, 'completed']],
    );
  });

  it('is told of an end that it has not heard of, and nothing where it has', async () => {
    const { engine, handler } = startWith();
    engine.submit({ ...task, ref });
    await turn();
    handler.last.complete();
    await turn();
    engine.removeResult(task.id);
    assert.deepEqual(
      engine.unreported(10).map(({ result }) => result.status),
      ['completed'],
    );
    const heard = uuid(2);
    engine.submit({ ...task, id: heard, ref });
    await turn();
    handler.last.complete();
    await turn();
    for (const { id, revision } of engine.unreported(10)) engine.markReported(id, revision);
    engine.removeResult(heard);
    assert.deepEqual(engine.unreported(10), []);
  });

  it('is forgotten where more than 64 are to be told', async () => {
    const { engine } = startWith();
    for (let number = 1; number <= 66; number++) {
      engine.submit({ ...task, id: uuid(number), ref });
      await turn();
      engine.removeResult(uuid(number));
      await engine.stopped(uuid(number));
    }
    const told = engine.unreported(100).map(({ id }) => id);
    assert.equal(told.length, 64);
    assert.equal(told[0], uuid(3));
  });
});

describe('a store that cannot delete', () => {
  it('the work stops, the error surfaces, the row stays, a retry works', async () => {
    const { engine, handler, store } = startWith();
    engine.submit(task);
    await turn();
    store.fail('writes');
    refusal('store-unavailable', () => engine.removeResult(task.id));
    assert.equal(handler.last.context.signal.aborted, true);
    assert.equal(known(engine, task.id).id, task.id);
    store.fail('nothing');
    assert.equal(engine.removeResult(task.id), true);
    assert.equal(engine.getResult(task.id), undefined);
  });

  it('the row of the stopped run ends as cancelled where nobody tries again', async () => {
    const { engine, store, clock } = startWith();
    engine.submit(task);
    await turn();
    store.fail('writes');
    refusal('store-unavailable', () => engine.removeResult(task.id));
    await turn();
    store.fail('nothing');
    await clock.advance(1000);
    const result = known(engine, task.id);
    assert.equal(result.status, 'failed');
    assert.equal(result.cancelled, true);
  });

  it('a daemon that was stopped so is not started again', async () => {
    const { engine, store, clock, handler } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    store.fail('writes');
    refusal('store-unavailable', () => engine.removeResult(task.id));
    await turn();
    store.fail('nothing');
    await clock.advance(10 * minute);
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, task.id).cancelled, true);
  });
});

describe('a store that cannot be written', () => {
  it('refuses new tasks with its code, and nothing runs', async () => {
    const { engine, handler, store } = startWith();
    store.fail('writes');
    refusal('store-unavailable', () => engine.submit(task));
    refusal('store-unavailable', () => engine.submitScheduled(task, { cron: '@daily' }));
    refusal('store-unavailable', () => engine.submitDaemon(task, { restartPolicy: 'Never' }));
    await turn();
    assert.equal(handler.runs.length, 0);
    store.fail('nothing');
    assert.equal(engine.submit(task), task.id, 'neither busy nor known');
  });

  it('keeps a finished run running until its end can be journalled', async () => {
    const { engine, handler, store, clock } = startWith();
    engine.submit(task);
    await turn();
    store.fail('writes');
    handler.last.complete({ outcome: 'changed', output: { valid: true } });
    await clock.advance(5000);
    assert.equal(known(engine, task.id).status, 'running');
    refusal('busy', () => engine.submit({ type: 'config-validate' }));
    store.fail('nothing');
    await clock.advance(30_000);
    assert.equal(known(engine, task.id).status, 'completed');
    engine.submit({ type: 'config-validate' });
  });

  it('a store that cannot be read is an error, not an empty list or a missing task', () => {
    const { engine, store } = startWith();
    store.fail('everything');
    refusal('store-unavailable', () => engine.getResult(uuid(5)));
    refusal('store-unavailable', () => engine.recentResults());
    refusal('store-unavailable', () => {
      engine.ping();
    });
  });
});

describe('timeoutSeconds of a one-shot', () => {
  it('counts from its acceptance', async () => {
    const { engine, handler, clock } = startWith();
    engine.submit({ ...task, timeoutSeconds: 60 });
    await clock.advance(59_999);
    assert.equal(handler.last.context.signal.aborted, false);
    await clock.advance(1);
    const result = known(engine, task.id);
    assert.equal(result.status, 'failed');
    assert.equal(result.errorCode, 'timed-out');
    assert.equal(result.retriable, true);
    assert.match(result.error ?? '', /^timed out after 60 s[.:] /u);
  });

  it('counts on over a restart', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit({ ...task, timeoutSeconds: 60 });
    await first.clock.advance(40_000);
    const { engine, clock } = first.restart();
    await clock.advance(19_999);
    assert.equal(known(engine, task.id).status, 'running');
    await clock.advance(1);
    assert.equal(known(engine, task.id).errorCode, 'timed-out');
  });

  it('used up while the agent was down: failed without running again', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit({ ...task, timeoutSeconds: 60 });
    await turn();
    first.clock.jump(3600_000);
    const { engine } = first.restart();
    await turn();
    assert.equal(known(engine, task.id).errorCode, 'timed-out');
    assert.equal(first.handler.runs.length, 1);
  });

  it('the first cause wins: cancelled after timed out is timed out', async () => {
    const { engine, handler, clock } = startWith({ heedsAbort: false });
    engine.submit({ ...task, timeoutSeconds: 1 });
    await clock.advance(1000);
    engine.removeResult(task.id);
    const reason: unknown = handler.last.context.signal.reason;
    assert.ok(reason instanceof TaskError && reason.code === 'timed-out');
    handler.last.complete();
    await turn();
  });

  it('a partial output of a run that was stopped is kept', async () => {
    const { engine, handler, clock } = startWith({ heedsAbort: false });
    engine.submit({ ...task, timeoutSeconds: 1 });
    await clock.advance(1000);
    handler.last.fail(new TaskError('file-io', 'aborted', { output: { bytes: 7 } }));
    await turn();
    assert.equal(known(engine, task.id).errorCode, 'timed-out');
    assert.deepEqual(known(engine, task.id).output, { bytes: 7 });
  });

  it('a success is a success, however late', async () => {
    const { engine, handler, clock } = startWith({ heedsAbort: false });
    engine.submit({ ...task, timeoutSeconds: 1 });
    await clock.advance(5000);
    handler.last.complete();
    await turn();
    assert.equal(known(engine, task.id).status, 'completed');
  });
});
