import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLogger } from '@nodetask/shared';
import { MemoryStore } from '../store/memory-store.ts';
import { type Harness, known, startEngine, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { ControlledHandler } from '../../test/support/engine/controlled-handler.ts';

const task = { id: uuid(1), type: 'config-validate' } as const;
const minute = 60_000;
const hour = 60 * minute;

/** The agent crashes, as by kill -9, and starts again. */
const crash = async (before: Harness): Promise<Harness> => {
  const next = before.restart();
  await turn();
  return next;
};

/** The agent is asked to end, and starts again. */
const shutDown = async (before: Harness): Promise<Harness> => {
  await before.stop();
  return crash(before);
};

const assertCrashed = ({ engine }: Harness, id: string): void => {
  const { status, errorCode, retriable, error = '' } = known(engine, id);
  assert.deepEqual([status, errorCode, retriable], ['failed', 'agent-crashed', false]);
  assert.match(error, /the agent crashed 2 times while it ran.*memory limit.*spec\.runID/u);
};

describe('a task that was running when the agent crashed', () => {
  it('runs again after the first crash, and ends as failed after the second', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    await turn();
    const second = await crash(first);
    assert.equal(known(second.engine, task.id).status, 'running');
    assert.equal(first.handler.last.context.resumed, true);
    const third = await crash(second);
    assertCrashed(third, task.id);
    const fourth = await crash(third);
    assertCrashed(fourth, task.id);
    assert.equal(first.handler.runs.length, 2, 'it is not run again by itself');
  });

  it('is run again by whoever asks for its next run, and has two crashes again', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    await turn();
    const third = await crash(await crash(first));
    third.engine.submit({ ...task, run: 2 });
    await turn();
    const fourth = await crash(third);
    assert.equal(known(fourth.engine, task.id).status, 'running');
    assertCrashed(await crash(fourth), task.id);
  });

  it('is not blamed for a shutdown that was asked for, however often', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    await turn();
    let agent: Harness = first;
    for (let time = 1; time <= 15; time++) agent = await shutDown(agent);
    assert.equal(known(agent.engine, task.id).status, 'running');
    agent = await shutDown(await crash(agent));
    assert.equal(known(agent.engine, task.id).status, 'running', 'one crash between shutdowns');
    assertCrashed(await crash(agent), task.id);
  });

  it('is not blamed for crashes before its start', async () => {
    const first = startWith({ interrupted: 'run-again' });
    const second = await crash(await crash(first));
    second.engine.submit(task);
    await turn();
    assert.equal(known((await crash(second)).engine, task.id).status, 'running');
  });

  it('is not blamed where the pod or the start of its machine is another one', async () => {
    const first = startWith({ interrupted: 'run-again' }, { place: 'pod-1 boot-1' });
    first.engine.submit(task);
    await turn();
    let agent: Harness = first;
    for (const place of ['pod-1 boot-2', 'pod-2 boot-2', 'pod-3 boot-3', 'pod-3 boot-4']) {
      agent = agent.restart({ place });
      await turn();
      assert.equal(known(agent.engine, task.id).status, 'running', place);
    }
    agent = agent.restart({ place: 'pod-3 boot-4' });
    await turn();
    assertCrashed(agent.restart({ place: 'pod-3 boot-4' }), task.id);
  });

  it('costs a schedule that run only: the next one fires at its time', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submitScheduled(task, { cron: '@hourly' });
    await first.clock.advance(hour);
    const third = await crash(await crash(first));
    const result = known(third.engine, task.id);
    assert.deepEqual(
      [result.status, result.errorCode, result.run, result.nextRunAt],
      ['running', 'agent-crashed', 1, '2026-01-01T02:00:00.000Z'],
    );
    assert.equal(first.handler.runs.length, 2);
    await first.clock.advance(hour);
    assert.equal(first.handler.last.context.run, 2);
    const fourth = await crash(third);
    assert.equal(first.handler.runs.length, 4, 'its next run has two crashes of its own');
    first.handler.last.complete();
    await turn();
    assert.equal(known(fourth.engine, task.id).outcome, 'changed');
  });

  it('ends a schedule by height, which fires once', async () => {
    const heights = {
      watch: (onHeight: (height: number) => void) => {
        onHeight(7);
        return new Promise<void>(() => undefined);
      },
    };
    const first = startWith({ interrupted: 'run-again' }, { heights });
    first.engine.submitScheduled(task, { blockHeight: 7 });
    await turn(2);
    assert.equal(first.handler.runs.length, 1);
    assertCrashed(await crash(await crash(first)), task.id);
  });

  it('is blamed together with whatever else ran, and other tasks go on', async () => {
    const config = new ControlledHandler({ interrupted: 'run-again', locks: ['config'] });
    const data = new ControlledHandler({ interrupted: 'run-again', locks: ['data'] });
    const first = startEngine({ handlers: { 'config-validate': config, 'mark-ready': data } });
    first.engine.submitScheduled({ id: uuid(2), type: 'config-validate' }, { cron: '@hourly' });
    await first.clock.advance(hour);
    first.engine.submit({ id: uuid(3), type: 'mark-ready' });
    await turn();
    const third = await crash(await crash(first));
    assertCrashed(third, uuid(3));
    assert.equal(known(third.engine, uuid(2)).errorCode, 'agent-crashed');
    third.engine.submit({ id: uuid(4), type: 'mark-ready' });
    await turn();
    data.last.complete();
    await turn();
    assert.equal(known(third.engine, uuid(4)).status, 'completed');
  });
});

describe('a daemon that was running when the agent crashed', () => {
  const daemon = { id: uuid(5), type: 'config-validate' } as const;

  it('is started again after the first crash, and ends as failed after the second in a row', async () => {
    const first = startWith();
    first.engine.submitDaemon(daemon, { restartPolicy: 'OnFailure' });
    await turn();
    const second = await crash(first);
    assert.equal(known(second.engine, daemon.id).status, 'running');
    const third = await crash(second);
    assertCrashed(third, daemon.id);
    await third.clock.advance(hour);
    assert.equal(first.handler.runs.length, 2);
  });

  it('begins anew after ten minutes: crashes of other times are not its own', async () => {
    const first = startWith();
    first.engine.submitDaemon(daemon, { restartPolicy: 'OnFailure' });
    let agent: Harness = first;
    for (let time = 1; time <= 4; time++) {
      await agent.clock.advance(10 * minute);
      agent = await crash(agent);
      assert.equal(known(agent.engine, daemon.id).status, 'running', `crash ${time}`);
    }
    await agent.clock.advance(10 * minute - 1);
    assertCrashed(await crash(agent), daemon.id);
  });

  it('is not blamed while another run may be the cause', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submitDaemon(daemon, { restartPolicy: 'OnFailure' });
    first.engine.submit(task);
    await turn();
    const third = await crash(await crash(first));
    assertCrashed(third, task.id);
    assert.equal(known(third.engine, daemon.id).status, 'running');
    const fourth = await crash(third);
    assert.equal(known(fourth.engine, daemon.id).status, 'running', 'its first crash alone');
    assertCrashed(await crash(fourth), daemon.id);
  });
});

describe('the end of a process', () => {
  it('that cannot be journalled keeps no agent from ending or starting', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.store.fail('writes');
    await first.stop();
    const store = new MemoryStore();
    store.setValue('life', JSON.stringify({ place: '', ended: false }));
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
    const { engine } = startWith({}, { store, logger });
    engine.submit(task);
    assert.deepEqual(warnings.length, 1, 'that it crashed is told');
  });
});
