import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { RecordedMetrics, recordLog } from '../../test/support/recording.ts';
import { AbsentType } from './absent-type.ts';
import { ApiError } from './api-error.ts';
import { checkLiveness, checkReadiness } from './informer-health.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeRequest, KubeTransport, StreamRequest } from './kube-transport.ts';
import { Reflector } from './reflector.ts';
import { pods } from './resource-type.ts';

interface OpenWatch {
  readonly request: StreamRequest;
  send(line: object | string): void;
  end(): void;
}

/** The stream may have been aborted by its reader. */
const settled = (promise: Promise<void>): void => {
  promise.catch(() => undefined);
};

/** Times and decisions are tested with a server that says what the test wants; whether the API server speaks so is tested in test/. */
class ScriptedTransport implements KubeTransport {
  readonly lists: KubeRequest[] = [];
  readonly watches: OpenWatch[] = [];
  objects: KubeObject[] = [];
  version = '100';
  /** What request() fails with. */
  missing: Error | undefined;
  /** What the next stream() fails with. */
  refuse: Error | undefined;
  /** stream() answers never, not even to an abort. */
  deaf = false;

  request<T>(request: KubeRequest): Promise<T> {
    this.lists.push(request);
    if (this.missing !== undefined) return Promise.reject(this.missing);
    return Promise.resolve({ metadata: { resourceVersion: this.version }, items: this.objects } as T);
  }

  stream(request: StreamRequest): Promise<AsyncIterable<Uint8Array>> {
    if (this.deaf) return new Promise(() => undefined);
    if (this.refuse !== undefined) return Promise.reject(this.refuse);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    request.signal.addEventListener('abort', () => {
      settled(writer.abort(request.signal.reason));
    });
    this.watches.push({
      request,
      send: (line) => {
        settled(writer.write(new TextEncoder().encode(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)));
      },
      end: () => {
        settled(writer.close());
      },
    });
    return Promise.resolve(readable);
  }

  /** The latest watch. */
  get watch(): OpenWatch {
    const watch = this.watches.at(-1);
    assert.ok(watch !== undefined, 'no watch was opened');
    return watch;
  }
}

const pod = (name: string, resourceVersion: string, uid = name): KubeObject => ({
  metadata: { namespace: 'n', name, uid, resourceVersion },
});

const bookmark = (resourceVersion: string): object => ({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } });

const setUp = async (random = 0) => {
  const clock = new FakeClock();
  const transport = new ScriptedTransport();
  const recorded = new RecordedMetrics();
  const { logger, lines } = recordLog();
  const reflector = new Reflector({
    transport,
    type: pods,
    clock,
    random: () => random,
    logger,
    metrics: recorded.metrics,
  });
  const changes: string[] = [];
  reflector.onChange((key, before, after) => {
    changes.push(`${key} ${before?.metadata.resourceVersion ?? '-'} ${after?.metadata.resourceVersion ?? '-'}`);
  });
  const stop = new AbortController();
  const run = reflector.run(stop.signal);
  await clock.advance(0);
  const finish = async (): Promise<void> => {
    stop.abort(new Error('the test is over'));
    await run;
    assert.equal(clock.pendingTimers, 0);
  };
  return { clock, transport, recorded, lines, reflector, changes, finish };
};

test('rule 5: a watch asks for bookmarks, a version and 300 to 600 s', async () => {
  for (const [random, timeoutSeconds] of [
    [0, 300],
    [0.5, 450],
    [0.999, 600],
  ] as const) {
    const { transport, finish } = await setUp(random);
    const { query } = transport.watch.request;
    assert.equal(query?.['timeoutSeconds'], timeoutSeconds);
    assert.deepEqual(
      [query?.['watch'], query?.['allowWatchBookmarks'], query?.['resourceVersion']],
      [true, true, '100'],
    );
    await finish();
  }
});

test('rule 6: 70 s without a byte end a watch, every byte begins them anew', async () => {
  const { clock, transport, recorded, finish } = await setUp();
  await clock.advance(69_000);
  transport.watch.send(bookmark('105'));
  await clock.advance(69_000);
  transport.watch.send('{"type":');
  await clock.advance(69_999);
  assert.equal(transport.watches.length, 1);
  assert.equal(recorded.count('watchReconnected', 'pods', 'inactive'), 0);
  await clock.advance(1 + 800);
  assert.equal(recorded.count('watchReconnected', 'pods', 'inactive'), 1);
  assert.equal(transport.watches.length, 2);
  assert.equal(transport.watch.request.query?.['resourceVersion'], '105');
  assert.equal(transport.lists.length, 1);
  await finish();
});

test('a watch that delivers nothing in 70 s makes a list if the server has not reached its version, and else goes on', async () => {
  const { clock, transport, recorded, reflector, finish } = await setUp();
  await clock.advance(70_000 + 800);
  assert.equal(transport.watches.length, 2);
  assert.deepEqual([transport.lists.length, transport.lists.at(-1)?.query?.['limit']], [2, 1]);
  assert.equal(recorded.count('relisted', 'pods', 'silent'), 0);
  // As after the data of etcd were put back.
  transport.version = '60';
  transport.objects = [pod('restored', '60')];
  await clock.advance(70_000 + 5_000);
  assert.equal(recorded.count('relisted', 'pods', 'silent'), 1);
  assert.deepEqual(
    reflector.cache.list().map(({ metadata }) => metadata.name),
    ['restored'],
  );
  await finish();
});

test('listAnew lists at once, whether a watch is open, is being opened, or waits to be', async () => {
  const { clock, transport, recorded, reflector, changes, finish } = await setUp();
  transport.objects = [pod('between', '90')];
  reflector.listAnew();
  await clock.advance(0);
  assert.deepEqual(changes, ['n/between - 90']);
  assert.equal(recorded.count('relisted', 'pods', 'rewritten'), 1);
  transport.refuse = new ApiError('away', { code: 0, reason: 'NetworkError' });
  transport.watch.end();
  await clock.advance(10_000);
  reflector.listAnew();
  transport.refuse = undefined;
  await clock.advance(5_000);
  assert.equal(recorded.count('relisted', 'pods', 'rewritten'), 2);
  await finish();
});

test('rule 8: a second failure at the same version makes a list, one with an event between them does not', async () => {
  const { clock, transport, recorded, finish } = await setUp();
  const fail = async (): Promise<void> => {
    transport.watch.send({ type: 'ERROR', object: { code: 500, reason: 'InternalError', message: 'etcd' } });
    await clock.advance(30_000);
  };
  await fail();
  transport.watch.send(bookmark('110'));
  await clock.advance(0);
  await fail();
  assert.equal(transport.lists.length, 1);
  assert.equal(transport.watch.request.query?.['resourceVersion'], '110');
  await fail();
  assert.equal(transport.lists.length, 2);
  assert.equal(recorded.count('relisted', 'pods', 'repeated-failure'), 1);
  await finish();
});

test('rule 8: refusals that do not blame the version never make a list', async () => {
  const { clock, transport, finish } = await setUp();
  transport.watch.end();
  for (const code of [0, 401, 403, 429, 503]) {
    transport.refuse = new ApiError(`code ${String(code)}`, { code, reason: 'X' });
    await clock.advance(120_000);
  }
  assert.equal(transport.lists.length, 1);
  await finish();
});

test('rule 12: waits 0.8 s to 5 s, for ever, and 0.8 s again after an event or bookmark', async () => {
  const { clock, transport, lines, finish } = await setUp();
  const waits = (): unknown[] => lines.splice(0).map(({ fields }) => fields['waitMs']);
  transport.refuse = new ApiError('refused', { code: 0, reason: 'NetworkError' });
  transport.watch.send('no JSON\n');
  await clock.advance(24 * 3_600_000);
  const all = waits();
  assert.deepEqual(all.slice(0, 8), [800, 1600, 3200, 5000, 5000, 5000, 5000, 5000]);
  assert.ok(all.length > 17_000, `it never gives up: ${String(all.length)} tries in a day`);
  transport.refuse = undefined;
  await clock.advance(30_000);
  transport.watch.send(bookmark('101'));
  await clock.advance(0);
  transport.watch.send('no JSON\n');
  await clock.advance(0);
  assert.deepEqual(waits(), [800]);
  await finish();
});

test('after an outage of ten minutes it watches again within 10 s, however unlucky its jitter', async () => {
  const { clock, transport, finish } = await setUp(0.999);
  transport.refuse = new ApiError('refused', { code: 0, reason: 'NetworkError' });
  transport.watch.send('no JSON\n');
  await clock.advance(600_000);
  transport.refuse = undefined;
  const before = transport.watches.length;
  await clock.advance(10_000);
  assert.equal(transport.watches.length, before + 1);
  await finish();
});

test('a watch that the server ends in good order is opened again at once, unless it was short', async () => {
  const { clock, transport, lines, finish } = await setUp();
  await clock.advance(60_000);
  transport.watch.send(bookmark('101'));
  await clock.advance(60_000);
  transport.watch.end();
  await clock.advance(0);
  assert.equal(transport.watches.length, 2);
  transport.watch.end();
  await clock.advance(799);
  assert.equal(transport.watches.length, 2);
  await clock.advance(1);
  assert.equal(transport.watches.length, 3);
  assert.deepEqual(lines, []);
  await finish();
});

test('rule 13: handlers see all objects again each 10 min ± 10 %', async () => {
  for (const [random, dueMs] of [
    [0, 540_000],
    [0.999_999, 660_000],
  ] as const) {
    const { clock, changes, transport, finish } = await setUp(random);
    transport.watch.send({ type: 'ADDED', object: pod('a', '101') });
    for (let at = 0; at < dueMs - 1000; at += 60_000) {
      await clock.advance(Math.min(60_000, dueMs - 1000 - at));
      transport.watch.send(bookmark('102'));
    }
    assert.deepEqual(changes, ['n/a - 101']);
    await clock.advance(1000);
    assert.deepEqual(changes, ['n/a - 101', 'n/a 101 101']);
    await finish();
  }
});

test('rule 13: after 30 to 60 min the cache is compared with a list of exactly its version, and what was missed is counted', async () => {
  for (const [random, dueMs] of [
    [0, 1_800_000],
    [0.999_999, 3_600_000],
  ] as const) {
    const { clock, transport, recorded, changes, reflector, lines, finish } = await setUp(random);
    transport.watch.send({ type: 'ADDED', object: pod('a', '101') });
    transport.watch.send({ type: 'ADDED', object: pod('b', '102') });
    await clock.advance(0);
    changes.length = 0;
    const quietUntil = async (end: number): Promise<void> => {
      while (clock.monotonic() < end) {
        await clock.advance(Math.min(60_000, end - clock.monotonic()));
        transport.watch.send(bookmark('120'));
      }
    };
    await quietUntil(dueMs - 1000);
    assert.equal(transport.lists.length, 1);
    const before = transport.watches.length;
    // What the watch has not said: b is gone, c exists.
    transport.objects = [pod('a', '101'), pod('c', '103')];
    await quietUntil(dueMs + 1);
    assert.equal(transport.lists.length, 2);
    assert.deepEqual(transport.lists[1]?.query, {
      labelSelector: undefined,
      fieldSelector: undefined,
      resourceVersion: '120',
      resourceVersionMatch: 'Exact',
      limit: 250,
    });
    assert.equal(recorded.count('relistMissed', 'pods', 2), 1);
    assert.equal(lines.at(-1)?.level, 'error');
    assert.deepEqual(
      reflector.cache
        .list()
        .map(({ metadata }) => metadata.name)
        .sort(),
      ['a', 'c'],
    );
    assert.deepEqual(
      changes.filter((change) => change.includes('-')),
      ['n/c - 103', 'n/b 102 -'],
    );
    assert.ok(transport.watches.length > before);
    assert.equal(transport.watch.request.query?.['resourceVersion'], '120');
    await finish();
  }
});

test('rule 15: a reflector that is stuck is not alive after 210 s; one that tries in vain is', async () => {
  const trying = await setUp();
  trying.transport.refuse = new ApiError('refused', { code: 0, reason: 'NetworkError' });
  trying.transport.watch.end();
  await trying.clock.advance(3_600_000);
  assert.deepEqual(checkLiveness([trying.reflector]), { ok: true });
  trying.transport.deaf = true;
  await trying.clock.advance(30_000);
  await trying.clock.advance(211_000);
  const check = checkLiveness([trying.reflector]);
  assert.ok(!check.ok);
  assert.match(check.reason, /pods: silent, 2\d\d s since it last did something: refused/);
});

test('a type that is not installed is told of once for all its mirrors, and again when it is gone once more', async () => {
  const clock = new FakeClock();
  const { logger, lines } = recordLog();
  const absent = new AbsentType(logger, 'the CRD is not installed');
  const notFound = new ApiError('GET /x: 404', { code: 404, reason: 'NotFound' });
  const stop = new AbortController();
  const mirrors = ['a', 'b'].map((namespace) => {
    const transport = new ScriptedTransport();
    transport.missing = notFound;
    const { metrics } = new RecordedMetrics();
    const options = { transport, type: pods, namespace, clock, random: () => 0, logger, metrics, absent };
    const reflector = new Reflector(options);
    return { transport, reflector, run: reflector.run(stop.signal) };
  });
  const said = (): readonly string[] => lines.map(({ level, message }) => `${level}: ${message}`);
  await clock.advance(60_000);
  assert.deepEqual(said(), ['error: the CRD is not installed']);
  const check = checkReadiness(mirrors.map(({ reflector }) => reflector));
  assert.match(check.ok ? '' : check.reason, /the CRD is not installed/);

  for (const { transport } of mirrors) transport.missing = undefined;
  await clock.advance(10_000);
  assert.deepEqual(said().slice(1), ['info: what was not installed is there now, and the work goes on']);
  for (const { transport } of mirrors) {
    transport.missing = notFound;
    transport.refuse = notFound;
    transport.watch.end();
  }
  await clock.advance(60_000);
  assert.deepEqual(said().slice(2), ['error: the CRD is not installed']);
  stop.abort(new Error('the test is over'));
  await Promise.all(mirrors.map(async ({ run }) => run));
});

test('a run can be had once', async () => {
  const { reflector, finish } = await setUp();
  await assert.rejects(reflector.run(new AbortController().signal), /running already/);
  await finish();
});

test('one object that cannot be read is in the way of no other, in a list and in a watch', async () => {
  const { clock, transport, changes, lines, recorded, reflector, finish } = await setUp();
  transport.watch.send({ type: 'ADDED', object: { metadata: { name: 'bad', namespace: 'n' } } });
  transport.watch.send({ type: 'MODIFIED', object: null });
  transport.watch.send({ type: 'ADDED', object: pod('a', '101') });
  await clock.advance(0);
  assert.deepEqual(changes, ['n/a - 101']);
  assert.equal(transport.watches.length, 1);
  assert.equal(reflector.health().lastError, undefined);
  transport.objects = [null, { metadata: null }, pod('a', '101'), pod('b', '102'), pod('b', '102')] as KubeObject[];
  const gone = { type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } };
  transport.watch.send(gone);
  await clock.advance(10_000);
  assert.deepEqual(changes, ['n/a - 101', 'n/b - 102']);
  assert.equal(transport.watches.length, 2);
  assert.equal(recorded.count('handlerFailed', 'pods'), 4);
  assert.equal(lines.filter(({ message }) => message.includes('left out')).length, 1);
  await finish();
});
