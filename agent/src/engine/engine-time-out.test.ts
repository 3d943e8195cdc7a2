import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { known, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { waitFor } from '../outside-waits.ts';
import type { TaskHandler } from './task-handler.ts';

const task = { id: uuid(1), type: 'config-validate', timeoutSeconds: 60 } as const;

/** Starts a run of these doings, which then goes on until it is stopped. */
const startDoing = async (doings: TaskHandler['run']) => {
  const handler: TaskHandler = { interrupted: 'run-again', locks: () => [], run: doings };
  const harness = startWith({}, { handlers: { 'config-validate': handler } });
  harness.engine.submit(task);
  await turn();
  return harness;
};

const until = async (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

const url = 'http://sentry-0:26657/genesis_chunked';

describe('a run that takes too long', () => {
  it('says for what it waited, and for how long', async () => {
    const { engine, clock } = await startDoing(async ({ signal }) =>
      waitFor(
        () => url,
        async () => until(signal),
      ),
    );
    await clock.advance(60_000);
    const { error } = known(engine, task.id);
    assert.match(
      error ?? '',
      /^timed out after 60 s while waiting for http:\/\/sentry-0:26657\/genesis_chunked \(for 60 s\)\. /u,
    );
  });

  it('says how far it was, and since when', async () => {
    const { engine, clock } = await startDoing(async (context) => {
      context.progress({ stage: 'download', done: 114e6, total: 500e6, unit: 'bytes' });
      return until(context.signal);
    });
    await clock.advance(60_000);
    assert.match(known(engine, task.id).error ?? '', /^timed out after 60 s at stage download \(22 %, 60 s ago\)\. /u);
  });

  it('says both where it told of its progress and waits', async () => {
    const { engine, clock } = await startDoing(async (context) => {
      context.progress({ stage: 'find', done: 3, unit: 'sources' });
      return waitFor(
        () => url,
        async () => until(context.signal),
      );
    });
    await clock.advance(60_000);
    assert.match(known(engine, task.id).error ?? '', /\(for 60 s\) at stage find \(3 sources, 60 s ago\)\. /u);
  });

  it('says that no agent ran where its time was over before it was taken up again', async () => {
    const first = startWith({ interrupted: 'run-again' });
    first.engine.submit(task);
    await turn();
    first.clock.jump(3_600_000);
    const { engine } = first.restart();
    await turn();
    assert.match(known(engine, task.id).error ?? '', /^timed out after 60 s, while no agent ran\. /u);
  });
});

describe('a run that waits and tells of no progress', () => {
  it('shows for what it waits after five seconds, and how long it has waited', async () => {
    const { engine, clock } = await startDoing(async ({ signal }) =>
      waitFor(
        () => url,
        async () => until(signal),
      ),
    );
    await clock.advance(4_999);
    assert.equal(known(engine, task.id).progress, undefined);
    await clock.advance(1);
    const { stage, done, unit } = known(engine, task.id).progress ?? {};
    assert.deepEqual([stage, done, unit], [`wait for ${url}`, 5, 's']);
    await clock.advance(5_000);
    assert.equal(known(engine, task.id).progress?.done, 10);
  });

  it('shows nothing of waits that end in time, and leaves what the handler tells', async () => {
    const { engine, clock } = await startDoing(async (context) => {
      await waitFor(
        () => 'a',
        async () => Promise.resolve(),
      );
      context.progress({ stage: 'find', done: 3, unit: 'sources' });
      return waitFor(
        () => 'b',
        async () => until(context.signal),
      );
    });
    await clock.advance(30_000);
    assert.equal(known(engine, task.id).progress?.stage, 'find');
  });
});
