import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { agentFieldManager, silentLogger, type TaskResult } from '@nodetask/shared';
import { TestHandlers } from '../../test/support/test-handlers.ts';
import { Engine } from '../engine/engine.ts';
import { createMetrics } from '../metrics/agent-metrics.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { ApiAnswer, StatusTransport } from './api-server.ts';
import { Reporter } from './reporter.ts';
import type { StatusPatch } from './status-patch.ts';

interface Sent {
  readonly name: string;
  readonly uid?: string;
  readonly manager: string | null;
  /** Absent where it is taken back. */
  readonly result: TaskResult | undefined;
  answer(status: number, more?: Partial<ApiAnswer>): void;
  fail(error: Error): void;
}

const notFound = (name: string): string => `nodetasks.nodetask.dev "${name}" not found`;

/** Holds each request until the test answers it. */
class HeldTransport implements StatusTransport {
  readonly sent: Sent[] = [];
  open = 0;
  mostOpen = 0;
  #taken = 0;
  #waiters: (() => void)[] = [];

  patch(patch: StatusPatch, signal: AbortSignal): Promise<ApiAnswer> {
    const body = JSON.parse(patch.body) as {
      metadata: { name: string; uid?: string };
      status?: { targets: [{ pod: string; result?: TaskResult; runs?: unknown[] }] };
    };
    const row = body.status?.targets[0];
    assert.ok(row, 'the row is never taken away');
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
    this.sent.push({
      ...body.metadata,
      manager: new URLSearchParams(patch.path.split('?')[1]).get('fieldManager'),
      result: row.result,
      answer: (status, more) => {
        this.open--;
        resolve({ status, reason: '', message: '', retryAfterMs: undefined, ...more });
      },
      fail: (error) => {
        this.open--;
        reject(error);
      },
    });
    for (const wake of this.#waiters.splice(0)) wake();
    return promise;
  }

  /** What a reporter reads: an object that shows nothing yet. */
  objects = new Map<string, unknown>();
  reads = 0;

  read(path: string): Promise<ApiAnswer> {
    this.reads++;
    const name = decodeURIComponent(path.split('/').at(-1) ?? '');
    const object = this.objects.get(name);
    return Promise.resolve({
      status: object === undefined ? 404 : 200,
      reason: '',
      message: object === undefined ? notFound(name) : '',
      retryAfterMs: undefined,
      object,
    });
  }

  /** The next request, once it is there. */
  async next(): Promise<Sent> {
    for (;;) {
      const sent = this.sent[this.#taken];
      if (sent !== undefined) {
        this.#taken++;
        return sent;
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  get untaken(): number {
    return this.sent.length - this.#taken;
  }
}

const podUID = '0c5ab1a5-7e0a-4d83-9d70-2f6d9ac64fd4';

const setUp = () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const tests = new TestHandlers();
  const store = new MemoryStore();
  const transport = new HeldTransport();
  const metrics = createMetrics({ reportQueueDepth: () => 0, eventStreams: () => 0, ready: () => true });
  const engine = new Engine({ handlers: tests.handlers, store, signal: stop.signal, clock });
  const seen: string[] = [];
  const newReporter = () =>
    new Reporter({
      engine,
      seen: ({ uid }) => {
        seen.push(uid);
      },
      transport,
      podName: 'sei-0',
      podUID,
      clock,
      random: () => 1,
      logger: silentLogger,
      metrics,
    });
  const reporter = newReporter();
  reporter.start();
  return { clock, stop, tests, store, transport, engine, reporter, metrics, newReporter, seen };
};

let parts: ReturnType<typeof setUp>;
beforeEach(() => {
  parts = setUp();
});
afterEach(async () => {
  await parts.reporter.stop(new Error('the test is over'));
  parts.stop.abort(new Error('the test is over'));
  await parts.engine.closed;
});

const ref = (uid: string, name = `task-${uid}`) => ({ namespace: 'sei', name, uid, maxResultBytes: 2048 });

/** Lets promises settle without moving the clock. */
const settle = (): Promise<void> => parts.clock.advance(0);

const markReady = async (uid: string): Promise<string> => {
  const id = parts.engine.submit({ type: 'mark-ready', ref: ref(uid) });
  await parts.engine.stopped(id);
  return id;
};

test('a result goes out at once, and is marked when the API server has taken it', async () => {
  const { engine, transport, clock } = parts;
  await markReady('u1');
  const sent = await transport.next();
  assert.equal(sent.result?.status, 'completed', 'the start of a short task is not written');
  sent.answer(200);
  await settle();
  assert.deepEqual(engine.unreported(10), []);
  await clock.advance(60_000);
  assert.equal(transport.untaken, 0);
});

test('a NodeTask that has taken a report is known to be there; one that is gone, or another of its name, is not', async () => {
  const { seen, transport } = parts;
  for (const [uid, status, more] of [
    ['taken', 200, { uid: 'taken' }],
    ['gone', 404, { message: notFound('task-gone') }],
    ['replaced', 200, { uid: 'of-another' }],
  ] as const) {
    await markReady(uid);
    (await transport.next()).answer(status, more);
    await settle();
  }
  assert.deepEqual(seen, ['taken']);
});

test('one NodeTask has one request on its way; the latest state follows', async () => {
  const { engine, tests, transport, clock } = parts;
  const id = engine.submit({ type: 'config-validate', ref: ref('u1') });
  const run = await tests.next(0);
  await clock.advance(20);
  const first = await transport.next();
  assert.equal(first.result?.status, 'running');
  run.finish();
  await engine.stopped(id);
  await settle();
  assert.equal(transport.untaken, 0);
  first.answer(200);
  const second = await transport.next();
  assert.equal(second.result?.status, 'completed');
  second.answer(200);
  await settle();
  assert.deepEqual(engine.unreported(10), []);
});

test('progress waits 5 s and moves 1 %, the end does not wait', async () => {
  const { engine, tests, transport, clock } = parts;
  engine.submit({ type: 'config-validate', ref: ref('u1') });
  const run = await tests.next(0);
  await clock.advance(20);
  (await transport.next()).answer(200);
  await settle();
  const progress = (done: number): void => {
    run.context.progress({ stage: 's', done, total: 1000, unit: 'bytes' });
  };
  for (let done = 100; done < 110; done++) {
    progress(done);
    await clock.advance(400);
  }
  assert.equal(transport.untaken, 0, 'within 5 s');
  await clock.advance(1000);
  const sent = await transport.next();
  assert.ok((sent.result?.progress?.percent ?? 0) >= 10);
  sent.answer(200);
  await settle();
  progress(112);
  await clock.advance(20_000);
  assert.equal(transport.untaken, 0, 'less than 1 %');
  progress(200);
  await clock.advance(6000);
  (await transport.next()).answer(200);
  await settle();
  run.finish();
  await settle();
  assert.equal((await transport.next()).result?.status, 'completed', 'at once');
});

test('an outage loses nothing: probes with growing pauses, then everything at once', async () => {
  const { engine, transport, clock, metrics } = parts;
  for (let task = 0; task < 10; task++) await markReady(`u${String(task)}`);
  // Up to four were under way when the API server went away.
  await settle();
  const delays: number[] = [];
  let last = clock.monotonic();
  for (let probe = 0; probe < 12; probe++) {
    while (transport.untaken === 0) await clock.advance(100);
    while (transport.untaken > 0) (await transport.next()).fail(new Error('connect ECONNREFUSED'));
    delays.push(clock.monotonic() - last);
    last = clock.monotonic();
    await settle();
  }
  assert.ok(Math.max(...delays) <= 5100, String(delays));
  assert.ok(transport.sent.length <= 16, `${String(transport.sent.length)} requests while it was down`);
  assert.equal(engine.unreported(100).length, 10);

  for (let turn = 0; turn < 200 && engine.unreported(100).length > 0; turn++) {
    while (transport.untaken > 0) (await transport.next()).answer(200);
    await clock.advance(100);
  }
  assert.deepEqual(engine.unreported(100), []);
  assert.ok(transport.mostOpen <= 4);
  assert.match(await metrics.registry.metrics(), /reports_total\{result="unreachable"\} 1\d/);
});

test('a NodeTask that cannot be written holds up no other', async () => {
  const { transport, engine, clock } = parts;
  for (let task = 0; task < 60; task++) await markReady(`bad${String(task)}`);
  await markReady('good');
  let isGoodTaken = false;
  for (let turn = 0; turn < 500 && !isGoodTaken; turn++) {
    while (transport.untaken > 0) {
      const sent = await transport.next();
      isGoodTaken ||= sent.uid === 'good';
      sent.answer(sent.uid === 'good' ? 200 : 403);
      await settle();
    }
    if (clock.monotonic() < 2000) await clock.advance(10);
  }
  assert.equal(isGoodTaken, true);
  assert.equal(engine.unreported(100).length, 60);
});

test('403 is tried again slowly', async () => {
  const { transport, clock } = parts;
  await markReady('u1');
  const times: number[] = [];
  for (let attempt = 0; attempt < 14; attempt++) {
    while (transport.untaken === 0) await clock.advance(1000);
    times.push(clock.monotonic());
    (await transport.next()).answer(403);
    await settle();
  }
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.ok((gaps.at(-1) ?? 0) >= 150_000 && Math.max(...gaps) <= 301_000, String(gaps));
});

for (const [status, message] of [
  [404, notFound('task-u1')],
  [409, 'Precondition failed: UID in precondition: a, UID in object meta: b'],
] as const) {
  test(`${String(status)}: the NodeTask is gone, the report is dropped`, async () => {
    const { transport, engine } = parts;
    await markReady('u1');
    while (engine.unreported(1).length > 0) {
      (await transport.next()).answer(status, { message });
      await settle();
    }
    assert.equal(transport.untaken, 0);
  });
}

test('a task whose NodeTask is gone is stopped, and a schedule fires no more', async () => {
  const { transport, engine, tests, clock } = parts;
  const id = engine.submitScheduled({ type: 'config-validate', ref: ref('u1') }, { cron: '* * * * *' });
  await clock.advance(20);
  (await transport.next()).answer(200);
  await clock.advance(60_000);
  const run = await tests.next(0);
  await clock.advance(20);
  (await transport.next()).answer(404, { message: notFound('task-u1') });
  await settle();
  assert.equal(run.context.signal.aborted, true);
  assert.equal(engine.getResult(id), undefined);
  // Nor has it a last word for anybody.
  assert.deepEqual(engine.unreported(10), []);
  assert.equal(transport.untaken, 0);
  run.finish();
});

test('422: the least result is sent instead', async () => {
  const { transport, engine } = parts;
  const id = engine.submit({
    type: 'config-patch',
    params: { files: { 'client.toml': { outputBytes: 100 } } },
    ref: ref('u1'),
  });
  await engine.stopped(id);
  let last: Sent | undefined;
  while (engine.unreported(1).length > 0) {
    last = await transport.next();
    const isLeast = last.result?.output === undefined && last.result?.status === 'completed';
    last.answer(isLeast || last.result?.status === 'running' ? 200 : 422);
    await settle();
  }
  assert.equal(last?.result?.id, id);
  assert.equal(last.result.output, undefined);
});

test('429: as long a pause as the API server asks for', async () => {
  const { transport, clock } = parts;
  await markReady('u1');
  (await transport.next()).answer(429, { retryAfterMs: 7000 });
  await settle();
  await clock.advance(6999);
  assert.equal(transport.untaken, 0);
  await clock.advance(1);
  assert.equal(transport.untaken, 1);
});

test('of several tasks of a NodeTask only the newest is shown, even when the older speaks last', async () => {
  const { transport, engine, tests, clock } = parts;
  const schedule = { cron: '0 3 * * *' };
  const older = engine.submitScheduled({ type: 'config-validate', ref: ref('u1') }, schedule);
  await clock.advance(1000);
  (await transport.next()).answer(200);
  await settle();
  const newer = engine.submit({ type: 'config-validate', params: {}, ref: ref('u1') });
  await clock.advance(20);
  const sent = await transport.next();
  assert.equal(sent.result?.id, newer);
  engine.updateSchedule(older, { cron: '0 4 * * *' });
  sent.answer(200);
  await settle();
  while (transport.untaken > 0) {
    const more = await transport.next();
    assert.equal(more.result?.id, newer);
    more.answer(200);
    await settle();
  }
  assert.deepEqual(engine.unreported(10), []);
  (await tests.next(0)).finish();
});

test('a new reporter goes on where the old one was cut off, after a look at the NodeTask', async () => {
  const { transport, engine, reporter, newReporter, clock } = parts;
  await markReady('u1');
  await transport.next();
  await reporter.stop(new Error('killed'));
  assert.equal(engine.unreported(10).length, 1);
  clock.jump(1000);
  transport.objects.set('task-u1', { metadata: { uid: 'u1' } });
  const second = newReporter();
  second.start();
  const sent = await transport.next();
  assert.equal(sent.result?.status, 'completed');
  sent.answer(200);
  await settle();
  assert.deepEqual(engine.unreported(10), []);
  assert.equal(transport.reads, 1);
  await second.stop(new Error('the test is over'));
});

test('a report from before the start is dropped where the NodeTask shows a later task', async () => {
  const { transport, engine, reporter, newReporter, clock } = parts;
  await markReady('u1');
  await transport.next();
  await reporter.stop(new Error('killed'));
  clock.jump(1000);
  const result = { id: randomUUID(), submittedAt: new Date(clock.now()).toISOString() };
  transport.objects.set('task-u1', { metadata: { uid: 'u1' }, status: { targets: [{ pod: 'sei-0', result }] } });
  const second = newReporter();
  second.start();
  await settle();
  assert.deepEqual(engine.unreported(10), []);
  assert.equal(transport.untaken, 0);
  await second.stop(new Error('the test is over'));
});

test('where the policy refuses the common field manager, the one of the pod alone is tried, for that NodeTask', async () => {
  const { transport, engine } = parts;
  const common = agentFieldManager(createHash('sha256').update('sei-0').digest('hex'));
  const denial = `is forbidden: ValidatingAdmissionPolicy 'tasks-b-status' with binding 'x' denied request: no`;
  await markReady('u1');
  const first = await transport.next();
  assert.equal(first.manager, common);
  first.answer(403, { message: denial });
  await settle();
  const second = await transport.next();
  assert.equal(second.manager, `nodetask-agent-${podUID}`);
  second.answer(200, { uid: 'u1' });
  await settle();
  assert.deepEqual(engine.unreported(10), []);
  await markReady('u2');
  assert.equal((await transport.next()).manager, common);
});

test('refused under both names, it waits like any other', async () => {
  const { transport, clock } = parts;
  const denial = `is forbidden: ValidatingAdmissionPolicy 'tasks-b-status' with binding 'x' denied request: no`;
  await markReady('u1');
  for (let tries = 0; tries < 2; tries++) {
    (await transport.next()).answer(403, { message: denial });
    await settle();
  }
  assert.equal(transport.untaken, 0);
  await clock.advance(500);
  assert.equal((await transport.next()).manager, `nodetask-agent-${podUID}`);
});

test('what another object of the same name got is withdrawn', async () => {
  const { transport, engine } = parts;
  await markReady('u1');
  while (engine.unreported(1).length > 0) {
    const sent = await transport.next();
    sent.answer(200, { uid: 'u2' });
    await settle();
    const second = await transport.next();
    assert.equal(second.result, undefined);
    second.answer(200, { uid: 'u2' });
    await settle();
  }
  assert.equal(transport.reads, 0);
});

test('flush sends what is pending, and gives up with its signal', async () => {
  const { transport, engine, reporter, tests, clock } = parts;
  engine.submit({ type: 'config-validate', ref: ref('u1') });
  const run = await tests.next(0);
  await clock.advance(20);
  (await transport.next()).answer(200);
  await settle();
  run.context.progress({ stage: 's', done: 1, total: 1000, unit: 'bytes' });
  const flushed = reporter.flush(new AbortController().signal);
  (await transport.next()).answer(200);
  assert.equal(await flushed, true);

  run.finish();
  await settle();
  const deadline = new AbortController();
  const cut = reporter.flush(deadline.signal);
  await transport.next();
  deadline.abort(new Error('the grace time is over'));
  assert.equal(await cut, false);
});

test('ids of NodeTasks are escaped in the path', async () => {
  const { engine, transport } = parts;
  const id = randomUUID();
  engine.submit({ id, type: 'mark-ready', ref: ref('u1', 'a/../b') });
  await engine.stopped(id);
  assert.equal((await transport.next()).name, 'a/../b');
});
