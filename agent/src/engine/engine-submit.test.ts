import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError, taskResultSchema } from '@nodetask/shared';
import { BusyError } from './busy-error.ts';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';
import { known, refusal, startEngine, startWith, turn, uuid } from '../../test/support/engine/harness.ts';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

describe('submit', () => {
  it('gives a known type a non-empty id, a new UUID each time', async () => {
    const { engine, handler } = startWith();
    const ids = new Set<string>();
    for (let index = 0; index < 20; index++) {
      const id = engine.submit({ type: 'config-validate' });
      assert.match(id, uuidPattern);
      ids.add(id);
      await turn();
      handler.last.complete();
      await turn();
    }
    assert.equal(ids.size, 20);
  });

  it('refuses an unknown type and lists the known ones, before it says busy', () => {
    const { engine } = startWith();
    engine.submit({ type: 'config-validate' });
    const error = refusal('unknown-type', () => engine.submitRequest({ type: 'make-coffee' }));
    assert.match(error.message, /make-coffee.*config-validate, mark-ready/u);
    refusal('unknown-type', () => engine.submit({ type: 'snapshot-restore' }));
    refusal('unknown-type', () => engine.submitScheduled({ type: 'snapshot-restore' }, { cron: '@daily' }));
    refusal('unknown-type', () => engine.submitDaemon({ type: 'snapshot-restore' }, { restartPolicy: 'Never' }));
  });

  it("keeps a caller's UUID, whatever its case, and refuses what is none", () => {
    const { engine } = startWith();
    const id = 'ABCDEF00-0000-4000-8000-000000000001';
    assert.equal(engine.submit({ id, type: 'config-validate' }), id.toLowerCase());
    assert.equal(known(engine, id).id, id.toLowerCase());
    const error = refusal('invalid-request', () => engine.submit({ id: 'task-1', type: 'config-validate' }));
    assert.match(JSON.stringify(error.details), /"path":"id"/u);
  });

  it('answers before the work begins, and the task is running at once', async () => {
    const { engine, handler } = startWith();
    const id = engine.submit({ type: 'config-validate' });
    assert.equal(handler.runs.length, 0);
    assert.equal(known(engine, id).status, 'running');
    await turn();
    assert.equal(handler.runs.length, 1);
  });

  it('is busy while another one-shot runs, and names it (no queue)', () => {
    const { engine } = startWith();
    const ref = { namespace: 'sei', name: 'first', uid: 'u1', maxResultBytes: 2048 };
    const id = engine.submit({ type: 'config-validate', ref });
    const error = refusal('busy', () => engine.submit({ type: 'config-validate' }));
    assert.ok(error instanceof BusyError);
    assert.equal(error.message, 'a task is already running');
    assert.equal(error.retriable, true);
    assert.deepEqual(error.details, { blockedBy: { id, type: 'config-validate', ref } });
  });

  it('is never busy once a caller has seen the previous one finished', async () => {
    const { engine, handler } = startWith();
    let seen = 0;
    let resubmitted = 0;
    engine.subscribe(({ result }) => {
      if (result?.status !== 'completed' || seen >= 1000) return;
      seen += 1;
      // In the very tick in which the end becomes visible.
      engine.submit({ type: 'config-validate' });
      resubmitted += 1;
    });
    engine.submit({ type: 'config-validate' });
    for (let index = 0; index <= 1000; index++) {
      await turn();
      handler.last.complete();
    }
    await turn();
    assert.equal(resubmitted, 1000);
    assert.equal(handler.runs.length, 1001);
  });

  it('answers the same id while it runs and after success, and executes once', async () => {
    const { engine, handler } = startWith();
    const task = { id: uuid(1), type: 'config-validate', params: {} } as const;
    assert.equal(engine.submit(task), uuid(1));
    assert.equal(engine.submit(task), uuid(1), 'while running: neither busy nor a second run');
    await turn();
    handler.last.complete();
    await turn();
    assert.equal(engine.submit(task), uuid(1));
    await turn();
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, uuid(1)).run, 1);
  });

  it('takes two spellings of the same params for the same request', async () => {
    const handler = new ControlledHandler();
    const { engine } = startEngine({ handlers: { 'config-patch': handler } });
    const files = { 'app.toml': { b: 1, a: { d: 1, c: [1, { y: 1, x: 2 }] } } };
    const reordered = { 'app.toml': { a: { c: [1, { x: 2, y: 1 }], d: 1 }, b: 1 } };
    engine.submit({ id: uuid(1), type: 'config-patch', params: { files } });
    engine.submit({ id: uuid(1), type: 'config-patch', params: { dryRun: false, files: reordered } });
    await turn();
    assert.equal(handler.runs.length, 1);
  });

  for (const [what, other] of [
    ['params', { type: 'config-validate', params: { targetVersion: 3 } }],
    ['type', { type: 'mark-ready' }],
    ['NodeTask', { type: 'config-validate', ref: { namespace: 'n', name: 'n', uid: 'u', maxResultBytes: 2048 } }],
  ] as const) {
    it(`refuses the same id with other ${what} as conflict`, () => {
      const { engine } = startWith();
      engine.submit({ id: uuid(1), type: 'config-validate' });
      refusal('conflict', () => engine.submit({ id: uuid(1), ...other }));
    });
  }

  it('refuses the same id as another kind of task as conflict', () => {
    const { engine } = startWith();
    engine.submit({ id: uuid(1), type: 'config-validate' });
    refusal('conflict', () => engine.submitScheduled({ id: uuid(1), type: 'config-validate' }, { cron: '@daily' }));
    refusal('conflict', () =>
      engine.submitDaemon({ id: uuid(1), type: 'config-validate' }, { restartPolicy: 'Never' }),
    );
  });

  it('names the members that differ, and answers another timeoutSeconds, which may change while the task lives', () => {
    const { engine } = startWith();
    engine.submit({ id: uuid(1), type: 'config-validate' });
    assert.equal(engine.submit({ id: uuid(1), type: 'config-validate', timeoutSeconds: 5 }), uuid(1));
    const ref = { namespace: 'n', name: 'n', uid: 'u', maxResultBytes: 2048 };
    const other = { id: uuid(1), type: 'config-validate', params: { targetVersion: 3 }, ref } as const;
    assert.deepEqual(refusal('conflict', () => engine.submit(other)).details, {
      differs: ['ref.uid', 'params.targetVersion'],
    });
  });

  it('names each member of the params at fault, and journals nothing', () => {
    const { engine } = startEngine({ handlers: { 'config-patch': new ControlledHandler() } });
    const params = { files: { 'other.toml': {}, 'app.toml': 7 }, dryRun: 'yes' };
    const error = refusal('invalid-params', () => engine.submit({ type: 'config-patch', params }));
    assert.match(error.message, /params\.files\."app\.toml"/u);
    assert.match(error.message, /params\.dryRun/u);
    assert.match(error.message, /other\.toml/u);
    assert.deepEqual(engine.recentResults().results, []);
  });

  it('decodes nested, absent and empty params', async () => {
    const handler = new ControlledHandler();
    const { engine } = startEngine({ handlers: { 'config-patch': handler, 'config-validate': handler } });
    const files = { 'app.toml': { api: { enable: true, list: [1, 'two', null] } } };
    engine.submit({ type: 'config-patch', params: { files } });
    await turn();
    assert.deepEqual(handler.last.context.params, { files, dryRun: false });
    handler.last.complete();
    for (const params of [undefined, {}]) {
      await turn();
      const id = engine.submit({ type: 'config-validate', ...(params === undefined ? {} : { params }) });
      await turn();
      assert.deepEqual(handler.last.context.params, {});
      assert.equal('params' in known(engine, id), false, 'empty params are left off');
      handler.last.complete();
    }
  });

  it("refuses what the handler's check refuses, with its code", () => {
    const error = new TaskError('egress-refused', '169.254.169.254 is a metadata address');
    const { engine } = startWith({
      check: () => {
        throw error;
      },
    });
    refusal('egress-refused', () => engine.submit({ type: 'config-validate' }));
    assert.deepEqual(engine.recentResults().results, []);
  });

  it('refuses a wrong shape of the request itself', () => {
    const { engine } = startWith();
    refusal('invalid-request', () => engine.submit({ type: 'config-validate', timeoutSeconds: 0 }));
    refusal('invalid-request', () => engine.submitRequest({ type: 'config-validate', async: {} }));
    refusal('invalid-request', () =>
      engine.submitRequest({
        type: 'config-validate',
        async: { schedule: { cron: '@daily' }, daemon: { restartPolicy: 'Never' } },
      }),
    );
    refusal('invalid-request', () => engine.submit({ type: 'config-validate', resume: { lastRun: 1 } }));
    refusal('invalid-request', () => engine.submitScheduled({ type: 'config-validate', run: 1 }, { cron: '@daily' }));
  });
});

describe('run numbers of one-shots', () => {
  it('a failed one answers the same id and runs nothing, unless run = stored + 1', async () => {
    const { engine, handler } = startWith();
    const task = { id: uuid(1), type: 'config-validate' } as const;
    engine.submit(task);
    await turn();
    handler.last.fail(new Error('boom'));
    await turn();
    assert.equal(engine.submit(task), uuid(1));
    assert.equal(engine.submit({ ...task, run: 1 }), uuid(1));
    await turn();
    assert.equal(handler.runs.length, 1);
    assert.equal(known(engine, uuid(1)).status, 'failed');

    engine.submit({ ...task, run: 2 });
    assert.equal(known(engine, uuid(1)).run, 2);
    assert.equal('error' in known(engine, uuid(1)), false);
    await turn();
    handler.last.fail(new Error('boom again'));
    await turn();
    assert.equal(known(engine, uuid(1)).run, 2, 'keeps its number if it fails again');
    assert.equal(handler.runs.length, 2);
  });

  it('two racing resubmissions run once', async () => {
    const { engine, handler } = startWith();
    const task = { id: uuid(1), type: 'config-validate' } as const;
    engine.submit(task);
    await turn();
    handler.last.fail(new Error('boom'));
    await turn();
    const answers = await Promise.all([1, 2].map(async () => engine.submit({ ...task, run: 2 })));
    assert.deepEqual(answers, [uuid(1), uuid(1)]);
    await turn();
    assert.equal(handler.runs.length, 2);
  });

  it('refuses other numbers, and to run again what completed or runs', async () => {
    const { engine, handler } = startWith();
    const task = { id: uuid(1), type: 'config-validate' } as const;
    refusal('run-mismatch', () => engine.submit({ ...task, run: 2 }));
    engine.submit({ ...task, run: 1 });
    refusal('run-mismatch', () => engine.submit({ ...task, run: 2 }));
    await turn();
    handler.last.complete();
    await turn();
    refusal('run-mismatch', () => engine.submit({ ...task, run: 2 }));
    refusal('run-mismatch', () => engine.submit({ ...task, run: 7 }));
  });
});

describe('results of one-shots', () => {
  it('carry the members of their state, and fit the schema', async () => {
    const { engine, handler, clock } = startWith();
    const id = engine.submit({ type: 'config-validate', params: { targetVersion: 2 } });
    const running = known(engine, id);
    assert.deepEqual(running, {
      id,
      type: 'config-validate',
      status: 'running',
      params: { targetVersion: 2 },
      submittedAt: '2026-01-01T00:00:00.000Z',
      run: 1,
    });
    await clock.advance(1500);
    handler.last.complete({ outcome: 'unchanged', output: { valid: true } });
    await turn();
    const completed = known(engine, id);
    assert.deepEqual(completed, {
      ...running,
      status: 'completed',
      completedAt: '2026-01-01T00:00:01.500Z',
      outcome: 'unchanged',
      output: { valid: true },
    });
    for (const result of [running, completed]) taskResultSchema.parse(result);
  });

  it('leave the output off where the handler has none', async () => {
    const { engine, handler } = startWith();
    const id = engine.submit({ type: 'config-validate' });
    await turn();
    handler.last.complete({ outcome: 'changed' });
    await turn();
    assert.equal('output' in known(engine, id), false);
  });

  it('an exception becomes a failed task with message and hint, and is told to the observer', async () => {
    const ended: unknown[] = [];
    const { engine, handler } = startWith({}, { observer: { runEnded: (run) => ended.push(run) } });
    const id = engine.submit({ type: 'config-validate' });
    await turn();
    handler.last.fail(new RangeError('index 7 is out of range'));
    await turn();
    const result = known(engine, id);
    assert.equal(result.status, 'failed');
    assert.equal(result.error, "index 7 is out of range. Read the message and the agent's log");
    assert.equal(result.errorCode, 'handler-failed');
    assert.equal(result.retriable, true);
    assert.ok(result.completedAt !== undefined);
    assert.deepEqual(ended, [
      { id, type: 'config-validate', kind: 'one-shot', status: 'failed', durationMs: 0, errorCode: 'handler-failed' },
    ]);
    taskResultSchema.parse(result);
  });

  it('a handler that throws before its first await, or something that is no Error, fails its task only', async () => {
    const thrower = {
      interrupted: 'fail',
      locks: () => [],
      run: () => {
        throw 'just text' as unknown as Error;
      },
    } as const;
    const { engine } = startEngine({ handlers: { 'config-validate': thrower } });
    const id = engine.submit({ type: 'config-validate' });
    await turn();
    assert.match(known(engine, id).error ?? '', /^just text\. Read the message/u);
    assert.equal(engine.status().status, 'Initializing');
  });

  it('a known failure keeps its code, its word on retrying, and its partial output', async () => {
    const { engine, handler } = startWith();
    const id = engine.submit({ type: 'config-validate' });
    await turn();
    const output = { diagnostics: [{ field: 'chain.id', severity: 'error' }] };
    handler.last.fail(new TaskError('config-invalid', 'chain.id is empty.', { output, retriable: true }));
    await turn();
    const result = known(engine, id);
    assert.equal(result.error, 'chain.id is empty. Correct the fields that output.diagnostics names');
    assert.equal(result.errorCode, 'config-invalid');
    assert.equal(result.retriable, true);
    assert.deepEqual(result.output, output);
  });

  it('an output above 16 KiB is cut by rule and says so', async () => {
    const { engine, handler } = startWith();
    const id = engine.submit({ type: 'config-validate' });
    await turn();
    handler.last.complete({ outcome: 'changed', output: { height: 7, diff: 'x'.repeat(100_000) } });
    await turn();
    const { output, status } = known(engine, id);
    assert.equal(status, 'completed');
    assert.ok(Buffer.byteLength(JSON.stringify(output)) <= 16 * 1024);
    assert.equal(output?.['height'], 7);
    assert.equal(output?.['truncated'], true);
  });

  it('a handler that returns no outcome, or an output that is no JSON, has failed', async () => {
    const { engine, handler } = startWith();
    for (const report of [null, {}, { outcome: 'perfect' }, { outcome: 'changed', output: { height: 7n } }]) {
      const id = engine.submit({ type: 'config-validate' });
      await turn();
      handler.last.complete(report as never);
      await turn();
      assert.equal(known(engine, id).errorCode, 'handler-failed');
    }
  });

  it('a caller that changes what it got changes nothing here', () => {
    const { engine } = startWith();
    const id = engine.submit({ type: 'config-validate', params: { targetVersion: 2 } });
    const copy = known(engine, id);
    copy.status = 'failed';
    Object.assign(copy.params ?? {}, { targetVersion: 99 });
    assert.equal(known(engine, id).status, 'running');
    assert.deepEqual(known(engine, id).params, { targetVersion: 2 });
  });
});
