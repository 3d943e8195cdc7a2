import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { RecordedMetrics, recordLog } from '../../test/support/recording.ts';
import { ApiError } from './api-error.ts';
import { abortable } from './deadline.ts';
import type { EventRecord } from './event-record.ts';
import { EventRecorder } from './event-recorder.ts';
import type { KubeRequest } from './kube-transport.ts';

const record = (note: string, uid = note): EventRecord => ({
  regarding: { apiVersion: 'nodetask.dev/v1alpha1', kind: 'NodeTask', namespace: 'n', name: 'task', uid },
  type: 'Normal',
  reason: 'Dispatched',
  action: 'Dispatch',
  note,
});

const setUp = (answer: (request: KubeRequest, calls: number) => Promise<unknown>) => {
  const clock = new FakeClock();
  const recorded = new RecordedMetrics();
  const { logger, lines } = recordLog();
  const requests: KubeRequest[] = [];
  const recorder = new EventRecorder({
    transport: {
      request: async <T>(request: KubeRequest) => {
        requests.push(request);
        return (await answer(request, requests.length)) as T;
      },
      stream: () => Promise.reject(new Error('not used')),
    },
    controller: 'nodetask.dev/operator',
    instance: 'operator-0',
    clock,
    random: () => 0,
    logger,
    metrics: recorded.metrics,
  });
  const stop = new AbortController();
  const run = recorder.run(stop.signal);
  const finish = async (): Promise<void> => {
    stop.abort(new Error('the test is over'));
    await run;
    assert.equal(clock.pendingTimers, 0);
  };
  return { clock, recorded, lines, requests, recorder, finish };
};

const later = (): AbortSignal => new AbortController().signal;

test('flush waits for what was reported; at once when that is nothing', async () => {
  const { recorder, requests, finish } = setUp(() => Promise.resolve({}));
  await recorder.flush(later());
  recorder.event(record('one'));
  recorder.event(record('two'));
  await recorder.flush(later());
  assert.equal(requests.length, 2);
  recorder.event(record('three'));
  await recorder.flush(later());
  assert.equal(requests.length, 3);
  await finish();
});

test('an outage of a minute is waited for, in order', async () => {
  let down = true;
  const { clock, recorder, requests, recorded, finish } = setUp(() =>
    down ? Promise.reject(new ApiError('refused', { code: 0, reason: 'NetworkError' })) : Promise.resolve({}),
  );
  recorder.event(record('one'));
  recorder.event(record('two'));
  await clock.advance(60_000);
  down = false;
  await clock.advance(30_000);
  await recorder.flush(later());
  assert.deepEqual(
    requests.slice(-2).map(({ body }) => (body as { note: string }).note),
    ['one', 'two'],
  );
  assert.equal(recorded.count('eventDropped'), 0);
  await finish();
});

test('what the server refuses is dropped, counted and logged; so is what cannot be written in 12 tries', async () => {
  const { clock, recorder, recorded, lines, requests, finish } = setUp((request) =>
    Promise.reject(
      (request.body as { note: string }).note === 'bad'
        ? new ApiError('POST: 422', { code: 422, reason: 'Invalid' })
        : new ApiError('POST: 500', { code: 500, reason: 'InternalError' }),
    ),
  );
  recorder.event(record('bad'));
  recorder.event(record('unlucky'));
  await clock.advance(600_000);
  await recorder.flush(later());
  assert.equal(requests.length, 13);
  assert.equal(recorded.count('eventDropped', 'refused'), 2);
  const summaries = lines.filter(({ message }) => message === 'events were dropped');
  assert.deepEqual(
    summaries.map(({ fields }) => fields['byReason']),
    [{ refused: 1 }, { refused: 1 }],
  );
  await finish();
});

test('the queue is bounded, and what is left at the end is counted', async () => {
  const { recorder, recorded, clock, finish } = setUp(async ({ signal }) =>
    abortable(new Promise<never>(() => undefined), signal ?? later()),
  );
  for (let count = 0; count < 1200; count += 1) recorder.event(record(String(count)));
  await clock.advance(0);
  assert.equal(recorded.count('eventDropped', 'queue-full'), 200);
  await assert.rejects(recorder.flush(AbortSignal.abort(new Error('no time'))), /no time/);
  await finish();
  assert.equal(recorded.count('eventDropped', 'stopped'), 1000);
  recorder.event(record('late'));
  assert.equal(recorded.count('eventDropped', 'stopped'), 1001);
});

test('a series is patched; when its Event is gone it is written anew', async () => {
  const { recorder, requests, finish } = setUp((request) =>
    request.method === 'PATCH' && requests.length === 3
      ? Promise.reject(new ApiError('PATCH: 404', { code: 404, reason: 'NotFound' }))
      : Promise.resolve({}),
  );
  for (let count = 0; count < 3; count += 1) {
    recorder.event(record('one'));
    await recorder.flush(later());
  }
  assert.deepEqual(
    requests.map(({ method, body }) => [method, (body as { series?: { count: number } }).series?.count]),
    [
      ['POST', undefined],
      ['PATCH', 2],
      ['PATCH', 3],
      ['POST', 3],
    ],
  );
  await finish();
});
