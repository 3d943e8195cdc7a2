import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { taskResultSchema } from '@nodetask/shared';
import { known, refusal, startWith, turn, uuid } from '../../test/support/engine/harness.ts';

const task = { id: uuid(1), type: 'config-validate' } as const;
const ref = { namespace: 'sei', name: 'task', uid: 'u', maxResultBytes: 2048 };

describe('recentResults', () => {
  it('lists finished and active ones, newest first, in pages', async () => {
    const { engine, handler } = startWith();
    engine.submitScheduled({ ...task, id: uuid(1) }, { cron: '@daily' });
    engine.submitDaemon({ ...task, id: uuid(2) }, { restartPolicy: 'Never' });
    await turn();
    for (let number = 3; number <= 14; number++) {
      engine.submit({ ...task, id: uuid(number) });
      await turn();
      handler.last.complete();
      await turn();
    }
    engine.submit({ ...task, id: uuid(15) });
    const all = engine.recentResults().results.map(({ id }) => id);
    assert.deepEqual(
      all,
      Array.from({ length: 15 }, (_, index) => uuid(15 - index)),
    );

    const paged: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = engine.recentResults({ limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      paged.push(...page.results.map(({ id }) => id));
      cursor = page.next;
      pages += 1;
    } while (cursor !== undefined);
    assert.deepEqual(paged, all);
    assert.equal(pages, 4);
  });

  it('refuses a limit or cursor that is none', () => {
    const { engine } = startWith();
    assert.deepEqual(engine.recentResults(), { results: [] });
    for (const limit of [0, -1, 1.5, Number.NaN]) refusal('invalid-request', () => engine.recentResults({ limit }));
    refusal('invalid-request', () => engine.recentResults({ cursor: 'yesterday' }));
  });

  it('keeps the newest finished one-shots, and a schedule or daemon never falls off', async () => {
    const { engine, handler } = startWith({}, { keepResults: 5 });
    engine.submitScheduled({ ...task, id: uuid(1) }, { cron: '@daily' });
    engine.submitDaemon({ ...task, id: uuid(2) }, { restartPolicy: 'Never' });
    await turn();
    handler.last.fail(new Error('boom'));
    for (let number = 3; number <= 20; number++) {
      engine.submit({ ...task, id: uuid(number) });
      await turn();
      handler.last.complete();
      await turn();
    }
    assert.deepEqual(
      engine.recentResults().results.map(({ id }) => id),
      [20, 19, 18, 17, 16, 2, 1].map(uuid),
    );
    assert.equal(engine.getResult(uuid(3)), undefined);
    refusal('gone', () => engine.submit({ ...task, id: uuid(3) }));
  });

  it('does not evict what its NodeTask does not show yet', async () => {
    const { engine, handler } = startWith({}, { keepResults: 2 });
    for (let number = 1; number <= 10; number++) {
      engine.submit({ ...task, id: uuid(number), ...(number <= 3 ? { ref } : {}) });
      await turn();
      handler.last.complete();
      await turn();
    }
    assert.deepEqual(
      engine.recentResults().results.map(({ id }) => id),
      [10, 9, 3, 2, 1].map(uuid),
    );
    for (const { id, revision } of engine.unreported(100)) engine.markReported(id, revision);
    engine.submit({ ...task, id: uuid(11) });
    await turn();
    handler.last.complete();
    await turn();
    assert.deepEqual(
      engine.recentResults().results.map(({ id }) => id),
      [11, 10].map(uuid),
    );
  });
});

describe('reports', () => {
  it('name what a NodeTask does not show yet, oldest change first, until it is taken', async () => {
    const { engine, handler } = startWith();
    engine.submit({ ...task, ref });
    engine.submitScheduled({ ...task, id: uuid(2), ref }, { cron: '@daily' });
    engine.submitScheduled({ ...task, id: uuid(3) }, { cron: '@daily' });
    const [first, second, ...more] = engine.unreported(10);
    assert.deepEqual([first?.id, second?.id, more.length], [uuid(1), uuid(2), 0]);
    assert.deepEqual(first?.ref, ref);
    assert.equal(first.urgent, true);
    assert.deepEqual(
      engine.unreported(1).map(({ id }) => id),
      [uuid(1)],
    );
    engine.markReported(uuid(1), first.revision);
    assert.deepEqual(
      engine.unreported(10).map(({ id }) => id),
      [uuid(2)],
    );
    await turn();
    handler.last.complete();
    await turn();
    const [, again] = engine.unreported(10);
    assert.equal(again?.id, uuid(1));
    assert.equal(again.result.status, 'completed');
  });

  it('an end that comes while the last report is on its way is not lost', async () => {
    const { engine, handler } = startWith();
    engine.submit({ ...task, ref });
    const [sent] = engine.unreported(10);
    await turn();
    handler.last.complete();
    await turn();
    engine.markReported(uuid(1), sent?.revision ?? 0);
    assert.equal(engine.unreported(10)[0]?.result.status, 'completed');
  });

  it('survive a crash', async () => {
    const first = startWith();
    first.engine.submit({ ...task, ref });
    const [report] = first.engine.unreported(10);
    first.engine.markReported(uuid(1), report?.revision ?? 0);
    await turn();
    first.handler.last.complete();
    await turn();
    const { engine } = first.restart();
    assert.equal(engine.unreported(10)[0]?.result.status, 'completed');
    engine.markReported(uuid(1), engine.unreported(10)[0]?.revision ?? 0);
    assert.deepEqual(engine.unreported(10), []);
    engine.markReported(uuid(9), 1);
  });

  it('progress is reported as not urgent, and not written to disk', async () => {
    const { engine, handler, store } = startWith();
    engine.submit({ ...task, ref });
    await turn();
    const [start] = engine.unreported(10);
    engine.markReported(uuid(1), start?.revision ?? 0);
    store.fail('writes');
    handler.last.context.progress({ stage: 'download', done: 10, total: 100, unit: 'bytes' });
    const [report] = engine.unreported(10);
    assert.equal(report?.urgent, false);
    assert.equal(report.result.progress?.percent, 10);
    engine.markReported(uuid(1), report.revision);
    assert.deepEqual(engine.unreported(10), []);
    store.fail('nothing');
    handler.last.complete();
    await turn();
    assert.equal(engine.unreported(10)[0]?.urgent, true, 'the end is');
    assert.equal('progress' in (engine.unreported(10)[0]?.result ?? {}), false);
  });

  it('after a crash that lost progress which was reported, what follows still counts as newer', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit({ ...task, ref });
    await turn();
    for (let done = 0; done < 50; done++) {
      first.handler.last.context.progress({ stage: `s${done}`, done, unit: 'bytes' });
      const [report] = first.engine.unreported(10);
      if (report !== undefined && done === 49) first.engine.markReported(uuid(1), report.revision);
    }
    assert.deepEqual(first.engine.unreported(10), []);
    const { engine } = first.restart();
    await turn();
    assert.equal(engine.unreported(10).length, 1);
    engine.markReported(uuid(1), engine.unreported(10)[0]?.revision ?? 0);
    first.handler.last.complete();
    await turn();
    assert.equal(engine.unreported(10)[0]?.result.status, 'completed');
  });
});

describe('progress', () => {
  it('shows stage, percent, rate and time left, and fits the schema', async () => {
    const { engine, handler, clock } = startWith();
    engine.submit(task);
    await turn();
    const { context } = handler.last;
    context.progress({ stage: 'download', done: 0, total: 1000, unit: 'bytes' });
    await clock.advance(2000);
    context.progress({ stage: 'download', done: 200, total: 1000, unit: 'bytes' });
    const result = known(engine, task.id);
    assert.deepEqual(result.progress, {
      stage: 'download',
      done: 200,
      total: 1000,
      unit: 'bytes',
      percent: 20,
      ratePerSecond: 100,
      etaSeconds: 8,
      at: '2026-01-01T00:00:02.000Z',
    });
    taskResultSchema.parse(result);
  });

  it('is told to listeners at most twice a second, but the newest is never lost', async () => {
    const { engine, handler, clock } = startWith();
    engine.submit(task);
    await turn();
    const seen: number[] = [];
    engine.subscribe(({ result }) => seen.push(result?.progress?.done ?? -1));
    for (let done = 1; done <= 1000; done++) {
      handler.last.context.progress({ stage: 'blocks', done, unit: 'blocks' });
      if (done % 10 === 0) await clock.advance(10);
    }
    await clock.advance(500);
    assert.equal(seen.at(-1), 1000);
    assert.ok(seen.length <= 4, `${seen.length} changes in a second`);
  });

  it('survives nonsense', async () => {
    const { engine, handler } = startWith();
    engine.submit(task);
    await turn();
    handler.last.context.progress({ stage: 'x'.repeat(500), done: Number.NaN, total: -5, unit: 'y'.repeat(50) });
    taskResultSchema.parse(known(engine, task.id));
  });
});

describe('subscribe', () => {
  it('tells every change until it is ended; a listener that throws harms nobody', async () => {
    const { engine, handler } = startWith();
    const seen: string[] = [];
    engine.subscribe(() => {
      throw new Error('a bad listener');
    });
    const end = engine.subscribe(({ result }) => seen.push(result?.status ?? 'none'));
    engine.submit(task);
    await turn();
    handler.last.complete();
    await turn();
    assert.deepEqual(seen, ['running', 'completed']);
    end();
    engine.removeResult(task.id);
    assert.equal(seen.length, 2);
  });
});

const thrower = (): never => {
  throw new Error('a bad observer');
};

describe('an observer', () => {
  it('that throws harms no task', async () => {
    const observer = { submitted: thrower, runEnded: thrower, runsMissed: thrower };
    const { engine, handler } = startWith({}, { observer });
    const seen: string[] = [];
    engine.subscribe(({ result }) => seen.push(result?.status ?? 'none'));
    engine.submit(task);
    await turn();
    handler.last.complete();
    await turn();
    assert.deepEqual(seen, ['running', 'completed']);
  });
});

describe('checkFence', () => {
  it('keeps the highest, durably, and refuses a lower one', () => {
    const first = startWith();
    first.engine.checkFence(0);
    first.engine.checkFence(3);
    first.engine.checkFence(3);
    refusal('fenced', () => {
      first.engine.checkFence(2);
    });
    const { engine } = first.restart();
    refusal('fenced', () => {
      engine.checkFence(2);
    });
    engine.checkFence(4);
    for (const fence of [-1, 1.5, Number.NaN]) {
      refusal('invalid-request', () => {
        engine.checkFence(fence);
      });
    }
  });

  it('a fence that cannot be journalled is not taken', () => {
    const { engine, store } = startWith();
    store.fail('writes');
    refusal('store-unavailable', () => {
      engine.checkFence(7);
    });
    store.fail('nothing');
    engine.checkFence(1);
  });
});
