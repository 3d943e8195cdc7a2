import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { abortReason } from '@nodetask/shared';
import { recordLog, RecordedMetrics } from '../../test/support/recording.ts';
import { ApiError } from './api-error.ts';
import { type Reconcile, TerminalError } from './reconcile.ts';
import { runWorkers, type WorkersOptions } from './run-workers.ts';
import { WorkQueue } from './work-queue.ts';

const conflict = (): ApiError => new ApiError('PUT: 409 Conflict', { code: 409, reason: 'Conflict' });

const start = (reconcile: Reconcile, extra: Partial<WorkersOptions> = {}) => {
  const clock = new FakeClock();
  const recorded = new RecordedMetrics();
  const { logger, lines } = recordLog();
  const stop = new AbortController();
  const queue = new WorkQueue({ name: 'test', clock, metrics: recorded.metrics });
  const ended = runWorkers(queue, reconcile, {
    concurrency: 2,
    signal: stop.signal,
    timeoutMs: 1000,
    clock,
    random: () => 0.5,
    logger,
    metrics: recorded.metrics,
    ...extra,
  });
  const finish = async (): Promise<void> => {
    stop.abort(new Error('the test is over'));
    await ended;
    assert.equal(clock.pendingTimers, 0);
  };
  return { clock, recorded, lines, queue, ended, stop, finish };
};

test('success forgets the failures, requeueAfterMs brings the key back', async () => {
  const seen: number[] = [];
  const { clock, queue, recorded, finish } = start(() => {
    seen.push(clock.monotonic());
    if (seen.length === 1) return Promise.reject(new Error('first'));
    return Promise.resolve(seen.length === 2 ? { requeueAfterMs: 7000 } : {});
  });
  queue.add('a');
  await clock.advance(60_000);
  assert.deepEqual(seen, [0, 250, 7250]);
  assert.equal(queue.failures('a'), 0);
  assert.deepEqual(
    ['error', 'requeue', 'success'].map((outcome) => recorded.count('reconciled', 'test', outcome)),
    [1, 1, 1],
  );
  await finish();
});

test('a TerminalError is logged and not tried again', async () => {
  let calls = 0;
  const { clock, queue, lines, finish } = start(() => {
    calls += 1;
    return Promise.reject(new TerminalError('the spec makes no sense'));
  });
  queue.add('a');
  await clock.advance(3_600_000);
  assert.equal(calls, 1);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['error'],
  );
  await finish();
});

test('a conflict comes again at once and is no error; endless conflicts slow down', async () => {
  const times: number[] = [];
  const { clock, queue, lines, finish } = start(() => {
    times.push(clock.monotonic());
    return times.length <= 7 ? Promise.reject(conflict()) : Promise.resolve({});
  });
  queue.add('a');
  await clock.advance(60_000);
  assert.deepEqual(times, [0, 0, 0, 0, 0, 0, 250, 750]);
  assert.deepEqual(
    lines.slice(0, 5).map(({ level }) => level),
    Array.from({ length: 5 }, () => 'info'),
  );
  await finish();
});

test('after an outage of the API server of an hour a key is worked on within 10 s; its own faults wait longer', async () => {
  const outage = new ApiError('PATCH: connect ECONNREFUSED', { code: 0, reason: 'NetworkError' });
  for (const [error, isSoon] of [
    [outage, true],
    [new Error('a fault of the program'), false],
  ] as const) {
    let calls = 0;
    const { clock, queue, finish } = start(() => {
      calls += 1;
      return Promise.reject(error);
    });
    queue.add('a');
    await clock.advance(3_600_000);
    const before = calls;
    await clock.advance(10_000);
    assert.equal(calls > before, isSoon, error.message);
    await finish();
  }
});

test('after an outage a thousand keys are worked on within 10 s, also where an API server without roles was the end of it', async () => {
  const outages = [
    new ApiError('PATCH: connect ECONNREFUSED', { code: 0, reason: 'NetworkError' }),
    new ApiError('PATCH: 403 Forbidden', { code: 403, reason: 'Forbidden' }),
  ];
  const keys = Array.from({ length: 1000 }, (_, number) => `key ${number}`);
  const done = new Set<string>();
  let outage = outages.shift();
  const { clock, queue, finish } = start((key) => {
    if (outage !== undefined) return Promise.reject(outage);
    done.add(key);
    return Promise.resolve({});
  });
  for (const key of keys) queue.add(key);
  await clock.advance(2000);
  outage = outages.shift();
  await clock.advance(2000);
  outage = undefined;
  await clock.advance(10_000);
  assert.equal(done.size, keys.length);
  await finish();
});

test('a reconcile that takes too long is aborted with the reason and comes again', async () => {
  const reasons: string[] = [];
  const { clock, queue, lines, finish } = start(
    async (_, { signal }) =>
      new Promise((resolve, reject) => {
        if (reasons.length > 0) {
          resolve({});
          return;
        }
        signal.addEventListener('abort', () => {
          reasons.push(abortReason(signal).message);
          reject(abortReason(signal));
        });
      }),
  );
  queue.add('a');
  await clock.advance(5000);
  assert.deepEqual(reasons, ['reconcile of a took longer than 1000 ms']);
  assert.equal(lines[0]?.fields['key'], 'a');
  assert.equal(lines[0].fields['reconcileId'], '80000000');
  await finish();
});

test('the signal aborts what runs, drain lets it finish', async () => {
  for (const how of ['signal', 'drain'] as const) {
    const drain = new AbortController();
    const events: string[] = [];
    const work = Promise.withResolvers<void>();
    const { clock, queue, ended, stop } = start(
      async (key, { signal }) => {
        events.push(`start ${key}`);
        signal.addEventListener('abort', () => {
          work.reject(abortReason(signal));
        });
        await work.promise;
        events.push(`end ${key}`);
        return {};
      },
      { concurrency: 1, drain: drain.signal },
    );
    queue.add('a');
    queue.add('b');
    await clock.advance(0);
    if (how === 'signal') stop.abort(new Error('lost'));
    else drain.abort(new Error('stopping'));
    await clock.advance(0);
    if (how === 'drain') work.resolve();
    await ended;
    assert.deepEqual(events, how === 'drain' ? ['start a', 'end a'] : ['start a']);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('a key on hold waits', async () => {
  const times: number[] = [];
  let holdUntil = 3000;
  const { clock, queue, finish } = start(
    () => {
      times.push(clock.monotonic());
      return Promise.resolve({});
    },
    { hold: () => Math.max(0, holdUntil - clock.monotonic()) },
  );
  queue.add('a');
  await clock.advance(5000);
  assert.deepEqual(times, [3000]);
  holdUntil = 20_000;
  queue.add('a');
  await clock.advance(1000);
  holdUntil = 0;
  queue.add('a');
  await clock.advance(0);
  assert.deepEqual(times, [3000, 6000], 'an add looks again at once');
  await finish();
});

test('what is not an Error is still caught', async () => {
  let calls = 0;
  const { clock, queue, finish } = start(() => {
    calls += 1;
    // A library may throw anything.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    return calls === 1 ? Promise.reject('text') : Promise.resolve({});
  });
  queue.add('a');
  await clock.advance(1000);
  assert.equal(calls, 2);
  await finish();
});
