import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Harness, known, refusal, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { TestChain } from '../../test/support/engine/test-chain.ts';
import { TestNodeTasks } from '../../test/support/engine/test-node-tasks.ts';
import { LogLines } from '../../test/support/log-lines.ts';
import type { Standing } from './node-tasks.ts';

const ref = { namespace: 'sei', name: 'job', uid: 'uid-of-job', maxResultBytes: 2048 };
const task = { id: uuid(1), type: 'config-validate', ref } as const;
const hour = 3_600_000;
const minute = 60_000;
const gone: Standing = { kind: 'gone', why: 'the NodeTask is gone' };

/** An engine whose journal the next one finds. */
type First = ReturnType<typeof startWith>;

/** Brings a task to where the process dies. */
const kinds: Readonly<Record<string, (first: First) => Promise<void> | void>> = {
  'a one-shot that was interrupted': ({ engine }) => {
    engine.submit(task);
  },
  'a schedule whose time came meanwhile': async ({ engine, clock }) => {
    engine.submitScheduled(task, { cron: '@hourly' });
    await turn();
    clock.jump(hour);
  },
  'a schedule with a run that was interrupted': async ({ engine, clock }) => {
    engine.submitScheduled(task, { cron: '@hourly' });
    await clock.advance(hour);
  },
  'a schedule by block height': ({ engine }) => {
    engine.submitScheduled(task, { blockHeight: 100 });
  },
  'a schedule by block height with a run that was interrupted': async ({ engine }) => {
    engine.submitScheduled(task, { blockHeight: 100 });
    await turn();
    chain.reach(100);
  },
  'a daemon': ({ engine }) => {
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
  },
  'a daemon that waited for its restart': async ({ engine, handler }) => {
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    handler.last.fail(new Error('ended by the test'));
  },
};

let chain: TestChain;

/** The next process, with what the first has left. */
const restarted = async (prepare: (first: First) => Promise<void> | void, nodeTasks = new TestNodeTasks()) => {
  chain = new TestChain();
  const first = startWith({ interrupted: 'run-again' }, { heights: chain });
  await prepare(first);
  await turn(2);
  const before = first.handler.runs.length;
  chain = new TestChain();
  const log = new LogLines();
  const next = first.restart({ nodeTasks, heights: chain, logger: log.logger });
  return { ...next, nodeTasks, log, runs: () => first.handler.runs.length - before, handler: first.handler };
};

/** Lets everything happen that may: the chain comes to the height, and time passes. */
const pass = async ({ clock }: Pick<Harness, 'clock'>, ms = 0): Promise<void> => {
  await turn();
  chain.reach(100);
  await clock.advance(ms);
  await turn();
};

for (const [kind, prepare] of Object.entries(kinds)) {
  describe(`${kind}, at the next start`, () => {
    it('does not run before the API server has said that its NodeTask exists, and then goes on', async () => {
      const next = await restarted(prepare);
      await pass(next, 9000);
      assert.equal(next.runs(), 0);
      assert.deepEqual(next.nodeTasks.asked, [task.id]);
      next.nodeTasks.answer({ kind: 'wanted' });
      await pass(next);
      assert.equal(next.runs(), 1);
    });

    it('never runs if its NodeTask is gone, and leaves a tombstone and no report', async () => {
      const next = await restarted(prepare);
      next.nodeTasks.answer(gone);
      await pass(next, 3 * hour);
      assert.equal(next.runs(), 0);
      assert.equal(next.engine.getResult(task.id), undefined);
      assert.ok(next.engine.isTombstoned(task.id));
      assert.deepEqual(next.engine.unreported(10), []);
      assert.equal(next.log.find(/removed/)?.['nodeTask'], 'sei/job');
    });

    it('does not run if its NodeTask is over, and tells it that it was cancelled', async () => {
      const next = await restarted(prepare);
      next.nodeTasks.answer({ kind: 'over', why: 'the NodeTask is cancelled' });
      await pass(next, 3 * hour);
      assert.equal(next.runs(), 0);
      assert.ok(next.engine.isTombstoned(task.id));
      assert.deepEqual(
        next.engine.unreported(10).map(({ id, result }) => [id, result.status, result.cancelled]),
        [[task.id, 'failed', true]],
      );
    });

    it('goes on after 10 s without an answer, and is stopped as soon as the API server says that it is gone', async () => {
      const next = await restarted(prepare);
      next.nodeTasks.answer({ kind: 'away' });
      await pass(next, 9000);
      assert.equal(next.runs(), 0);
      await pass(next, 1000);
      await pass(next);
      assert.equal(next.runs(), 1);
      assert.equal(next.log.find(/does not say whether/)?.['tasks'], 1);
      next.nodeTasks.answer(gone);
      await pass(next, 5000);
      assert.ok(next.handler.last.context.signal.aborted);
      assert.equal(next.engine.getResult(task.id), undefined);
    });

    it('goes on at once if the agent may not ask, and the log says so once', async () => {
      const next = await restarted(prepare);
      next.nodeTasks.answer({ kind: 'forbidden' });
      await pass(next);
      assert.equal(next.runs(), 1);
      await pass(next, 10 * minute);
      const said = next.log.lines.filter(({ message }) => message.includes('verb get on nodetasks'));
      assert.equal(said.length, 1);
    });
  });
}

describe('at the start of the engine', () => {
  const interrupted = kinds['a one-shot that was interrupted'] ?? assert.fail();

  it('a task that no NodeTask asked for goes on, and nobody is asked', async () => {
    const next = await restarted(({ engine }) => {
      const { ref: _, ...own } = task;
      engine.submit(own);
    });
    await pass(next);
    assert.equal(next.runs(), 1);
    assert.deepEqual(next.nodeTasks.asked, []);
  });

  it('a new one-shot does not overtake one that may be about to go on', async () => {
    const next = await restarted(interrupted);
    const other = { ...task, id: uuid(2), type: 'mark-ready' } as const;
    assert.deepEqual(refusal('busy', () => next.engine.submit(other)).details?.['blockedBy'], {
      id: task.id,
      type: task.type,
      ref,
    });
    next.nodeTasks.answer(gone);
    await turn();
    next.engine.submit(other);
  });

  it('a task that is removed while its NodeTask is asked for stays removed', async () => {
    const next = await restarted(interrupted);
    next.engine.removeResult(task.id);
    next.nodeTasks.answer({ kind: 'wanted' });
    await pass(next);
    assert.equal(next.runs(), 0);
  });

  it('a schedule that is changed while its NodeTask is asked for keeps the change', async () => {
    const next = await restarted(kinds['a schedule whose time came meanwhile'] ?? assert.fail());
    next.engine.updateSchedule(task.id, { suspend: true });
    next.nodeTasks.answer({ kind: 'wanted' });
    await pass(next, 3 * hour);
    assert.equal(next.runs(), 0);
  });

  it('a task whose removal cannot be journalled does not run, and is removed once it can', async () => {
    const next = await restarted(interrupted);
    next.store.fail('writes');
    next.nodeTasks.answer(gone);
    await pass(next);
    assert.equal(next.runs(), 0);
    assert.ok(next.log.find(/cannot be removed yet/));
    next.store.fail('nothing');
    await pass(next, minute);
    assert.equal(next.runs(), 0);
    assert.ok(next.engine.isTombstoned(task.id));
  });

  it('many NodeTasks are asked for four at a time, and one that does not answer ends the round', async () => {
    const next = await restarted(({ engine }) => {
      for (let number = 1; number <= 20; number++) {
        engine.submitScheduled(
          { ...task, id: uuid(number), ref: { ...ref, name: `job-${number}` } },
          { cron: '@hourly' },
        );
      }
    });
    assert.equal(next.nodeTasks.asked.length, 4);
    next.nodeTasks.answer({ kind: 'away' });
    await turn();
    assert.equal(next.nodeTasks.asked.length, 4);
    next.nodeTasks.answer({ kind: 'wanted' });
    await pass(next, 500);
    assert.equal(next.nodeTasks.asked.length, 24);
  });

  it('a stop while NodeTasks are asked for ends at once, and starts nothing', async () => {
    const next = await restarted(interrupted);
    await next.stop();
    next.nodeTasks.answer({ kind: 'wanted' });
    await turn();
    assert.equal(next.runs(), 0);
    assert.equal(known(next.engine, task.id).status, 'running');
  });
});

const scheduled = (nodeTasks: TestNodeTasks) => {
  const parts = startWith({}, { nodeTasks });
  parts.engine.submitScheduled(task, { cron: '@hourly' });
  return parts;
};

describe('before a schedule fires whose NodeTask has not been heard of for long', () => {
  it('the API server is asked a minute ahead, so that it fires on time', async () => {
    const nodeTasks = new TestNodeTasks();
    nodeTasks.answer({ kind: 'wanted' });
    const { clock, handler } = scheduled(nodeTasks);
    await clock.advance(hour - 61_000);
    assert.deepEqual(nodeTasks.asked, []);
    await clock.advance(60_999);
    assert.deepEqual(nodeTasks.asked, [task.id]);
    assert.equal(handler.runs.length, 0);
    await clock.advance(1);
    assert.equal(handler.runs.length, 1);
  });

  it('it does not fire if the NodeTask is gone', async () => {
    const nodeTasks = new TestNodeTasks();
    nodeTasks.answer(gone);
    const { clock, handler, engine } = scheduled(nodeTasks);
    await clock.advance(3 * hour);
    assert.equal(handler.runs.length, 0);
    assert.ok(engine.isTombstoned(task.id));
  });

  for (const silence of ['hangs', 'is away'] as const) {
    it(`it fires on time while the API server ${silence}, also with a short starting deadline`, async () => {
      const nodeTasks = new TestNodeTasks();
      if (silence === 'is away') nodeTasks.answer({ kind: 'away' });
      const { clock, handler, engine } = startWith({}, { nodeTasks });
      engine.submitScheduled(task, { cron: '@hourly', startingDeadlineSeconds: 1 });
      await clock.advance(hour);
      assert.equal(handler.runs.length, 1);
    });
  }

  it('one that is found due waits for the answer, 5 s at most', async () => {
    const nodeTasks = new TestNodeTasks();
    const { clock, handler, engine } = scheduled(nodeTasks);
    await turn();
    clock.jump(hour);
    engine.evalSchedules();
    await clock.advance(4999);
    assert.equal(handler.runs.length, 0);
    await clock.advance(1);
    assert.equal(handler.runs.length, 1);
  });

  it('one whose block height is reached waits for the answer too', async () => {
    const nodeTasks = new TestNodeTasks();
    const heights = new TestChain();
    const { engine, handler } = startWith({}, { nodeTasks, heights });
    engine.submitScheduled(task, { blockHeight: 100 });
    await turn();
    heights.reach(100);
    await turn();
    assert.equal(handler.runs.length, 0);
    nodeTasks.answer(gone);
    await turn(2);
    assert.equal(handler.runs.length, 0);
    assert.ok(engine.isTombstoned(task.id));
  });

  it('nobody is asked while the NodeTask was heard of', async () => {
    const nodeTasks = new TestNodeTasks();
    nodeTasks.refresh(ref);
    const { clock, handler } = scheduled(nodeTasks);
    await clock.advance(hour);
    assert.equal(handler.runs.length, 1);
    assert.deepEqual(nodeTasks.asked, []);
  });

  it('one without an answer is stopped as soon as the API server says that its NodeTask is gone', async () => {
    const nodeTasks = new TestNodeTasks();
    nodeTasks.answer({ kind: 'away' });
    const { clock, handler, engine } = scheduled(nodeTasks);
    await clock.advance(hour);
    assert.equal(handler.runs.length, 1);
    nodeTasks.answer(gone);
    await clock.advance(minute);
    assert.ok(handler.last.context.signal.aborted);
    assert.equal(engine.getResult(task.id), undefined);
  });
});

describe('what runs and has not been heard of for long', () => {
  for (const kind of ['a one-shot', 'a daemon'] as const) {
    it(`${kind} is asked for now and then, and stopped if its NodeTask is gone`, async () => {
      const nodeTasks = new TestNodeTasks();
      nodeTasks.refresh(ref);
      const { engine, clock, handler } = startWith({}, { nodeTasks });
      if (kind === 'a daemon') engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
      else engine.submit(task);
      nodeTasks.answer(gone);
      await clock.advance(hour);
      assert.deepEqual(nodeTasks.asked, []);
      nodeTasks.expire();
      await clock.advance(minute);
      assert.deepEqual(nodeTasks.asked, [task.id]);
      assert.ok(handler.last.context.signal.aborted);
      assert.ok(engine.isTombstoned(task.id));
    });
  }

  it('a daemon that has failed and waits is not started again once its NodeTask is gone', async () => {
    const nodeTasks = new TestNodeTasks();
    nodeTasks.answer(gone);
    const { engine, clock, handler } = startWith({}, { nodeTasks });
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await clock.advance(minute);
    assert.equal(engine.getResult(task.id), undefined);
    await clock.advance(hour);
    assert.equal(handler.runs.length, 1);
  });
});

describe('a journal that was put back from a copy', () => {
  const lastRunAt = '2026-01-01T05:00:00.012Z';
  const ahead = { kind: 'wanted', ahead: { run: 5, lastRunAt } } as const;

  it('does not make the runs again that its NodeTask shows', async () => {
    const next = await restarted(async ({ engine, clock }) => {
      engine.submitScheduled(task, { cron: '@hourly' });
      await turn();
      clock.jump(5.5 * hour);
    });
    next.nodeTasks.answer(ahead);
    await pass(next);
    assert.equal(next.runs(), 0);
    assert.equal(known(next.engine, task.id).nextRunAt, '2026-01-01T06:00:00.000Z');
    await pass(next, hour / 2);
    assert.equal(next.runs(), 1);
    assert.equal(next.handler.last.context.run, 6);
  });

  it('makes up for those after the last that its NodeTask shows with one run', async () => {
    const next = await restarted(async ({ engine, clock }) => {
      engine.submitScheduled(task, { cron: '@hourly' });
      await turn();
      clock.jump(7.5 * hour);
    });
    next.nodeTasks.answer(ahead);
    await pass(next);
    assert.equal(next.runs(), 1);
    assert.equal(next.handler.last.context.run, 6);
    assert.equal(known(next.engine, task.id).nextRunAt, '2026-01-01T08:00:00.000Z');
  });

  it('does not make a run again that was going when the copy was taken', async () => {
    const next = await restarted(async ({ engine, clock }) => {
      engine.submitScheduled(task, { cron: '@hourly' });
      await clock.advance(hour);
      clock.jump(4.5 * hour);
    });
    next.nodeTasks.answer(ahead);
    await pass(next);
    assert.equal(next.runs(), 0);
    assert.equal(known(next.engine, task.id).nextRunAt, '2026-01-01T06:00:00.000Z');
  });

  it('does not fire at a height that has fired', async () => {
    const next = await restarted(({ engine }) => {
      engine.submitScheduled(task, { blockHeight: 100 });
    });
    next.nodeTasks.answer({ kind: 'wanted', ahead: { run: 1, lastRunAt } });
    await pass(next, hour);
    assert.equal(next.runs(), 0);
    assert.equal(known(next.engine, task.id).outcome, 'skipped');
  });
});
