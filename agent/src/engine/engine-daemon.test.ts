import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError, taskResultSchema } from '@nodetask/shared';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';
import { known, refusal, startWith, turn, uuid } from '../../test/support/engine/harness.ts';

const task = { id: uuid(1), type: 'config-validate' } as const;
const minute = 60_000;

describe('submitDaemon', () => {
  it('runs beside one-shots, neither blocked by one nor blocking one; status shows the one-shot only', async () => {
    const { engine, handler } = startWith({ locks: ['config'] });
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    assert.equal(engine.status().status, 'Initializing', 'a daemon does not make it Running');
    engine.submit({ type: 'config-validate' });
    assert.equal(engine.status().status, 'Running');
    engine.submitDaemon({ ...task, id: uuid(2) }, { restartPolicy: 'OnFailure' });
    await turn();
    assert.equal(handler.runs.length, 3);
    const result = known(engine, task.id);
    assert.deepEqual(result.async, { daemon: { restartPolicy: 'OnFailure' } });
    assert.equal(result.run, 1);
    taskResultSchema.parse(result);
  });

  it('takes locks for each write only, and is told who holds one', async () => {
    const { engine, handler } = startWith({ locks: ['config'] });
    engine.submitDaemon(task, { restartPolicy: 'Never' });
    await turn();
    const daemon = handler.last;
    const work = Promise.withResolvers<string>();
    const locked = daemon.context.withLocks(['config', 'data'], async () => work.promise);
    const error = refusal('busy', () => engine.submit({ type: 'config-validate' }));
    assert.deepEqual(error.details, { blockedBy: { id: task.id, type: 'config-validate' } });
    work.resolve('written');
    assert.equal(await locked, 'written');
    const id = engine.submit({ type: 'config-validate' });
    await assert.rejects(
      daemon.context.withLocks(['data', 'config'], async () => undefined),
      { code: 'busy', details: { blockedBy: { id, type: 'config-validate' } } },
    );
    await daemon.context.withLocks(['data'], async () => {
      await daemon.context.withLocks(['data'], async () => undefined);
    });
    await assert.rejects(
      daemon.context.withLocks(['data'], async () => {
        throw new Error('while holding it');
      }),
      /while holding it/u,
    );
    await daemon.context.withLocks(['data'], async () => undefined);
  });
});

describe('a type that holds its locks for the whole run', () => {
  it('is no daemon: refused at submission, and nothing is journalled', () => {
    const { engine } = startWith(
      { daemon: false, locks: ['config'] },
      {
        handlers: { 'mark-ready': new ControlledHandler({ daemon: false }), 'result-export': new ControlledHandler() },
      },
    );
    const error = refusal('invalid-request', () => engine.submitDaemon(task, { restartPolicy: 'OnFailure' }));
    const message =
      'config-validate does not run as a daemon: run it once, or by async.schedule (daemons: result-export)';
    assert.deepEqual(error.details, { faults: [{ path: 'async.daemon', message }] });
    assert.equal(error.message, `invalid request: async.daemon: ${message}`);
    assert.equal(engine.getResult(task.id), undefined);
    engine.submitScheduled(task, { cron: '@daily' });
    engine.submit({ type: task.type });
  });

  it('of a journal of an older agent has failed', () => {
    const first = startWith();
    first.engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    const { engine } = first.restart({ handlers: { 'config-validate': new ControlledHandler({ daemon: false }) } });
    assert.equal(known(engine, task.id).errorCode, 'no-handler');
    assert.equal(known(engine, task.id).status, 'failed');
  });
});

describe('a daemon that ends', () => {
  it('by returning, with restartPolicy Never: an unexpected completion, failed', async () => {
    const { engine, handler } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'Never' });
    await turn();
    handler.last.complete({ outcome: 'changed', output: { pages: 7 } });
    await turn();
    const result = known(engine, task.id);
    assert.equal(result.status, 'failed');
    assert.equal(result.errorCode, 'daemon-exited');
    assert.deepEqual(result.output, { pages: 7 });
    assert.ok(result.completedAt !== undefined);
  });

  it('by throwing, with restartPolicy Never: a terminal failure', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'Never' });
    await turn();
    handler.last.fail(new Error('boom'));
    await clock.advance(60 * minute);
    assert.equal(known(engine, task.id).status, 'failed');
    assert.equal(handler.runs.length, 1);
  });

  it('with OnFailure: starts again after 1 s, doubling to 5 min, each start counted in run', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    const seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
    for (const [index, pause] of seconds.entries()) {
      if (index % 2 === 0) handler.last.fail(new Error('boom'));
      else handler.last.complete();
      await turn();
      const waiting = known(engine, task.id);
      assert.equal(waiting.status, 'running');
      assert.equal(waiting.errorCode, index % 2 === 0 ? 'handler-failed' : 'daemon-exited');
      assert.equal('completedAt' in waiting, false);
      taskResultSchema.parse(waiting);
      await clock.advance(pause * 1000 - 1);
      assert.equal(handler.runs.length, index + 1, `not before ${pause} s`);
      await clock.advance(1);
      assert.equal(handler.runs.length, index + 2, `after ${pause} s`);
      assert.equal(known(engine, task.id).run, index + 2);
      assert.equal('error' in known(engine, task.id), false);
    }
  });

  it('with OnFailure: after 10 min without failure the pauses begin at 1 s again', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    for (const pause of [1000, 2000, 4000]) {
      handler.last.fail(new Error('boom'));
      await clock.advance(pause);
    }
    await clock.advance(10 * minute);
    handler.last.fail(new Error('boom'));
    await clock.advance(1000);
    assert.equal(handler.runs.length, 5);
  });

  it('while it waits for its restart, removal ends it', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    handler.last.fail(new Error('boom'));
    await turn();
    assert.equal(engine.removeResult(task.id), true);
    assert.equal(clock.pendingTimers, 0);
    await clock.advance(60 * minute);
    assert.equal(handler.runs.length, 1);
  });
});

describe('a daemon that does not get on', () => {
  const start = Date.parse('2026-01-01T00:00:00.000Z');
  const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
  const refused = new TaskError('rpc-unreachable', `no answer ${'x'.repeat(1000)}: check the address`);

  it('tells since when, and the last error, over its restarts, until it gets on', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await clock.advance(5_000);
    handler.last.fail(refused);
    await turn();
    const waiting = known(engine, task.id);
    taskResultSchema.parse(waiting);
    assert.deepEqual(
      [waiting.progress?.stage, waiting.progress?.stalledSince, waiting.progress?.lastError?.code],
      ['restart after rpc-unreachable', at(5), 'rpc-unreachable'],
    );
    assert.match(waiting.progress?.lastError?.message ?? '', /^no answer x+$/);
    assert.equal(waiting.progress?.lastError?.message.length, 512);

    await clock.advance(1_000);
    assert.equal(known(engine, task.id).progress?.stalledSince, at(5), 'it runs again, and has not got on yet');
    handler.last.context.progress({ stage: 'look', done: 1, unit: 'blocks' });
    assert.deepEqual(
      [known(engine, task.id).progress?.stage, known(engine, task.id).progress?.stalledSince],
      ['look', at(5)],
    );
    handler.last.fail(new TaskError('object-store-full', 'no space'));
    await turn();
    const { progress } = known(engine, task.id);
    assert.deepEqual([progress?.stalledSince, progress?.lastError?.code], [at(5), 'object-store-full']);

    await clock.advance(2_000);
    handler.last.context.advanced();
    handler.last.context.progress({ stage: 'follow', done: 2, unit: 'blocks' });
    const { stage, stalledSince, lastError } = known(engine, task.id).progress ?? {};
    assert.deepEqual([stage, stalledSince, lastError], ['follow', undefined, undefined]);
    handler.last.fail(refused);
    await turn();
    assert.equal(known(engine, task.id).progress?.stalledSince, at(8), 'the next stall begins anew');
  });

  it('tells the same of a failure that it waits out by itself, and of the first of several', async () => {
    const { engine, handler, clock } = startWith();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    for (const done of [1, 2, 3]) {
      await clock.advance(1_000);
      handler.last.context.progress({ stage: 'retry', done, unit: 'blocks', failure: refused });
    }
    await clock.advance(1_000);
    const { progress } = known(engine, task.id);
    assert.deepEqual(
      [progress?.done, progress?.stalledSince, progress?.lastError?.code],
      [3, at(1), 'rpc-unreachable'],
    );
    assert.equal(known(engine, task.id).error, undefined, 'it runs');
  });

  it('remembers a stall of ten seconds over a kill of the agent, and also that it is over', async () => {
    const first = startWith();
    first.engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    const fail = async (harness: typeof first): Promise<void> => {
      harness.handler.last.context.progress({ stage: 'retry', done: 0, unit: 'blocks', failure: refused });
      await harness.clock.advance(11_000);
      harness.handler.last.context.progress({ stage: 'retry', done: 1, unit: 'blocks', failure: refused });
      await turn();
    };
    await fail(first);
    const second = first.restart();
    await turn();
    const { progress } = known(second.engine, task.id);
    assert.deepEqual(
      [progress?.stage, progress?.stalledSince, progress?.lastError?.code],
      ['start', at(0), 'rpc-unreachable'],
    );

    const context = first.handler.last.context;
    context.advanced();
    context.progress({ stage: 'follow', done: 2, unit: 'blocks' });
    const third = second.restart();
    await turn();
    assert.equal(known(third.engine, task.id).progress, undefined);
  });
});

describe('a daemon and restarts of the agent', () => {
  it('goes on with the same run number', async () => {
    const first = startWith();
    first.engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    const { engine } = first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 2);
    assert.equal(known(engine, task.id).run, 1);
  });

  it('in its pause: starts again with the next number', async () => {
    const first = startWith();
    first.engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    first.handler.last.fail(new Error('boom'));
    await turn();
    const { engine } = first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 2);
    assert.equal(known(engine, task.id).run, 2);
  });

  it('goes on counting on a new journal, after resume.lastRun', async () => {
    const { engine } = startWith();
    engine.submitDaemon({ ...task, resume: { lastRun: 7 } }, { restartPolicy: 'OnFailure' });
    assert.equal(known(engine, task.id).run, 8);
  });

  it('that failed for good stays failed', async () => {
    const first = startWith();
    first.engine.submitDaemon(task, { restartPolicy: 'Never' });
    await turn();
    first.handler.last.fail(new Error('boom'));
    await turn();
    const { engine } = first.restart();
    await turn();
    assert.equal(first.handler.runs.length, 1);
    assert.equal(known(engine, task.id).status, 'failed');
  });
});
