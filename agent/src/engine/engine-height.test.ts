import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BlockHeights } from './block-heights.ts';
import { known, refusal, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { TestChain } from '../../test/support/engine/test-chain.ts';

const task = { id: uuid(1), type: 'config-validate' } as const;

describe('a schedule by block height', () => {
  it('fires once when the chain has reached the height, and ends with its run', async () => {
    const heights = new TestChain();
    const { engine, handler } = startWith({}, { heights });
    assert.equal(heights.watched, false, 'nobody waits for a height yet');
    engine.submitScheduled(task, { blockHeight: 100 });
    await turn();
    assert.equal(heights.watched, true);
    heights.reach(99);
    await turn();
    assert.equal(handler.runs.length, 0);
    heights.reach(103);
    heights.reach(104);
    await turn();
    assert.equal(handler.runs.length, 1);
    assert.equal(heights.watched, false, 'nobody waits any more');
    assert.equal(known(engine, task.id).status, 'running');
    handler.last.complete({ outcome: 'changed', output: { valid: true } });
    await turn();
    const result = known(engine, task.id);
    assert.equal(result.status, 'completed');
    assert.equal(result.run, 1);
    assert.equal('nextRunAt' in result, false);
  });

  it('that fails ends as failed', async () => {
    const heights = new TestChain();
    const { engine, handler } = startWith({}, { heights });
    engine.submitScheduled(task, { blockHeight: 100 });
    await turn();
    heights.reach(100);
    await turn();
    handler.last.fail(new Error('boom'));
    await turn();
    assert.equal(known(engine, task.id).status, 'failed');
    assert.equal(engine.submitScheduled(task, { blockHeight: 100 }), task.id, 'the same request again runs nothing');
    refusal('conflict', () => engine.submitScheduled(task, { blockHeight: 101 }));
  });

  it('fires exactly once however often the agent restarts', async () => {
    const heights = new TestChain();
    let harness = startWith({ interrupted: 'run-again' }, { heights });
    const { handler } = harness;
    harness.engine.submitScheduled(task, { blockHeight: 100 });
    for (let restart = 0; restart < 3; restart++) {
      harness = { ...harness.restart(), handler };
      await turn();
      heights.reach(99);
    }
    heights.reach(100);
    await turn();
    handler.last.complete();
    await turn();
    for (let restart = 0; restart < 3; restart++) {
      harness = { ...harness.restart(), handler };
      await turn();
      heights.reach(200);
      await turn();
    }
    assert.equal(handler.runs.length, 1);
    assert.equal(known(harness.engine, task.id).status, 'completed');
  });

  for (const [interrupted, runs, status] of [
    ['run-again', 2, 'running'],
    ['fail', 1, 'failed'],
  ] as const) {
    it(`interrupted by a crash, its run is finished as the handler declares: ${interrupted}`, async () => {
      const heights = new TestChain();
      const first = startWith({ interrupted }, { heights });
      first.engine.submitScheduled(task, { blockHeight: 100 });
      await turn();
      heights.reach(100);
      await turn();
      const { engine } = first.restart();
      await turn();
      heights.reach(101);
      await turn();
      assert.equal(first.handler.runs.length, runs);
      assert.equal(known(engine, task.id).status, status);
      assert.equal(known(engine, task.id).run, 1, 'the same run, not another one');
      if (interrupted === 'fail') assert.equal(known(engine, task.id).errorCode, 'interrupted');
    });
  }

  it('whose lock is held waits, and is failed when its starting deadline has passed', async () => {
    const heights = new TestChain();
    const { engine, handler, clock } = startWith({ locks: ['config'] }, { heights });
    engine.submit({ type: 'config-validate' });
    engine.submitScheduled(task, { blockHeight: 100, startingDeadlineSeconds: 60 });
    await turn();
    heights.reach(100);
    await clock.advance(61_000);
    const result = known(engine, task.id);
    assert.equal(result.status, 'failed');
    assert.equal(result.errorCode, 'missed-deadline');
    assert.equal(handler.runs.length, 1, 'the one-shot');
  });

  it('whose lock is held starts when it is free, also after a restart', async () => {
    const heights = new TestChain();
    const first = startWith({ locks: ['config'] }, { heights });
    first.engine.submit({ type: 'config-validate' });
    first.engine.submitScheduled(task, { blockHeight: 100 });
    await turn();
    heights.reach(100);
    await turn();
    first.restart();
    await turn();
    assert.equal(first.handler.last.context.id, task.id, 'without waiting for the chain');
  });

  it('that is due keeps its due time when it is updated', async () => {
    const heights = new TestChain();
    const { engine, clock } = startWith({ locks: ['config'] }, { heights });
    engine.submit({ type: 'config-validate' });
    engine.submitScheduled(task, { blockHeight: 100 });
    await turn();
    heights.reach(100);
    await clock.advance(10_000);
    const result = engine.updateSchedule(task.id, { startingDeadlineSeconds: 15 });
    assert.equal(result.nextRunAt, '2026-01-01T00:00:00.000Z');
    await clock.advance(5001);
    assert.equal(known(engine, task.id).errorCode, 'missed-deadline');
  });

  it('suspended, it does not fire; resumed, it does', async () => {
    const heights = new TestChain();
    const { engine, handler } = startWith({}, { heights });
    engine.submitScheduled(task, { blockHeight: 100, suspend: true });
    await turn();
    assert.equal(heights.watched, false);
    engine.updateSchedule(task.id, { suspend: false });
    await turn();
    heights.reach(200);
    await turn();
    assert.equal(handler.runs.length, 1);
    refusal('invalid-schedule', () => engine.updateSchedule(task.id, { cron: '@daily' }));
  });

  it('that status says has fired never fires again on a new journal', async () => {
    const heights = new TestChain();
    const { engine, handler } = startWith({}, { heights });
    engine.submitScheduled({ ...task, resume: { lastRun: 1, fired: true } }, { blockHeight: 100 });
    await turn();
    heights.reach(200);
    await turn();
    assert.equal(handler.runs.length, 0);
    assert.equal(known(engine, task.id).status, 'completed');
    assert.equal(known(engine, task.id).outcome, 'skipped');
  });

  it('a watch that fails begins anew', async () => {
    let watches = 0;
    const heights: BlockHeights = {
      watch: async () => {
        watches += 1;
        throw new Error('a bug in the watch');
      },
    };
    const { engine, clock } = startWith({}, { heights });
    engine.submitScheduled(task, { blockHeight: 100 });
    await clock.advance(10_000);
    assert.equal(watches, 3);
    engine.removeResult(task.id);
    await clock.advance(60_000);
    assert.equal(watches, 3);
  });
});
