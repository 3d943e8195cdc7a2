import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { type Clock, silentLogger, sleep } from '@nodetask/shared';
import * as fc from 'fast-check';
import { ApiError } from './api-error.ts';
import { abortable, withDeadline } from './deadline.ts';
import { noKubeMetrics } from './kube-metrics.ts';
import type { KubeRequest, KubeTransport } from './kube-transport.ts';
import { LeaderElector } from './leader-elector.ts';
import { LeadershipLostError } from './leadership-lost-error.ts';
import { leastTransitions } from './lease.ts';
import { LeaseServer } from './testing/lease-server.ts';

/** What happens to one call: how long it takes to get there and back, and whether it or its answer gets lost. */
interface Fate {
  readonly toServerMs: number;
  readonly toClientMs: number;
  readonly loss: 'none' | 'request' | 'answer';
}

/** Fails when the caller gives up. */
const never = async (signal: AbortSignal): Promise<never> => abortable(new Promise<never>(() => undefined), signal);

const goodFate: Fate = { toServerMs: 5, toClientMs: 5, loss: 'none' };

const lossyTransport = (server: LeaseServer, clock: Clock, fateOf: () => Fate): KubeTransport => ({
  request: async <T>(request: KubeRequest): Promise<T> =>
    withDeadline(
      {
        clock,
        timeoutMs: request.timeoutMs ?? 30_000,
        signal: request.signal,
        timeoutError: () => new ApiError('timeout', { code: 0, reason: 'Timeout' }),
      },
      async (signal) => {
        const { toServerMs, toClientMs, loss } = fateOf();
        // What is on its way arrives, even when the client has given up.
        const answer = (async () => {
          if (loss === 'request') return never(signal);
          await sleep(clock, toServerMs);
          const outcome = await Promise.allSettled([Promise.resolve(request).then((sent) => server.handle(sent))]);
          await sleep(clock, toClientMs);
          if (loss === 'answer') return never(signal);
          if (outcome[0].status === 'rejected') throw outcome[0].reason;
          return outcome[0].value;
        })();
        const lease = await abortable(answer, signal);
        return lease as T;
      },
    ),
  stream: () => Promise.reject(new Error('not used')),
});

/** A clock of another machine: it runs faster or slower, and its wall clock is wrong. */
const skewed = (base: FakeClock, rate: number, offsetMs: number): Clock => ({
  now: () => base.now() + offsetMs * 1000,
  monotonic: () => base.monotonic() * rate + offsetMs,
  setTimer: (delayMs, callback) => base.setTimer(delayMs / rate, callback),
});

const makeElector = (
  transport: KubeTransport,
  clock: Clock,
  identity: string,
  random: () => number = () => 0.5,
): LeaderElector =>
  new LeaderElector({
    transport,
    lease: { namespace: 'n', name: 'l' },
    identity,
    clock,
    random,
    logger: silentLogger,
    metrics: noKubeMetrics,
  });

/** Work that ends when told to. */
const untilAborted = async (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

const setUp = () => {
  const clock = new FakeClock();
  const server = new LeaseServer();
  const network = { fate: goodFate };
  const transport = lossyTransport(server, clock, () => network.fate);
  return { clock, server, network, transport };
};

test('creates the Lease, leads, renews, drains and releases', async () => {
  const { clock, server, transport } = setUp();
  const stop = new AbortController();
  const drained = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = leastTransitions(clock.now()) + 1;
  const run = makeElector(transport, clock, 'a').run(stop.signal, async (signal, fence) => {
    seen.push(`leads with ${fence.value === first ? 'the first' : String(fence.value)}`);
    await drained.promise;
    seen.push(signal.aborted ? 'aborted' : 'drained');
  });
  await clock.advance(60_000);
  assert.equal(server.lease?.spec?.holderIdentity, 'a');
  assert.equal(server.lease.spec.leaseDurationSeconds, 15);
  assert.match(server.lease.spec.renewTime ?? '', /^2026-01-01T00:00:5\d\.\d{6}Z$/);
  stop.abort();
  await clock.advance(10_000);
  assert.equal(server.lease.spec.holderIdentity, 'a', 'held while the work drains');
  drained.resolve();
  await clock.advance(100);
  await run;
  assert.deepEqual(seen, ['leads with the first', 'drained']);
  assert.deepEqual([server.lease.spec.holderIdentity, server.lease.spec.leaseTransitions], ['', first]);
  assert.equal(clock.pendingTimers, 0);
});

test('after a release the next leader is there at its next look, with a higher fence; so is the same one', async () => {
  const { clock, server, transport } = setUp();
  const fences: number[] = [];
  for (const identity of ['a', 'b', 'b']) {
    const stop = new AbortController();
    const run = makeElector(transport, clock, identity).run(stop.signal, (_, fence) => {
      fences.push(fence.value);
      return Promise.resolve();
    });
    await clock.advance(2500);
    await run;
  }
  assert.equal(fences.length, 3);
  assert.deepEqual(
    fences,
    [...new Set(fences)].sort((a, b) => a - b),
  );
  assert.equal(server.lease?.spec?.holderIdentity, '');
});

test('the Lease gets the metadata that it is to have, made anew or taken', async () => {
  const { clock, server, transport } = setUp();
  for (const owner of ['first', 'second']) {
    const ownerReferences = [{ kind: 'ClusterRole', name: owner }];
    const elector = new LeaderElector({
      transport,
      lease: { namespace: 'n', name: 'l' },
      identity: owner,
      clock,
      random: () => 0.5,
      logger: silentLogger,
      metrics: noKubeMetrics,
      leaseMetadata: () => Promise.resolve({ ownerReferences }),
    });
    const run = elector.run(new AbortController().signal, () => Promise.resolve());
    await clock.advance(2500);
    await run;
    assert.deepEqual(server.lease?.metadata, {
      name: 'l',
      namespace: 'n',
      uid: 'u',
      resourceVersion: server.lease?.metadata.resourceVersion,
      ownerReferences,
    });
  }
});

test('one that waits leads within 0.7 s of a release', async () => {
  const { clock, transport } = setUp();
  const stops = [new AbortController(), new AbortController()] as const;
  let releasedAt = 0;
  let tookAt = 0;
  const first = makeElector(transport, clock, 'a', () => 1).run(stops[0].signal, async () => {
    await untilAborted(stops[0].signal);
    releasedAt = clock.monotonic();
  });
  await clock.advance(1000);
  const second = makeElector(transport, clock, 'b', () => 1).run(stops[1].signal, async () => {
    tookAt = clock.monotonic();
    await untilAborted(stops[1].signal);
  });
  await clock.advance(33_333);
  assert.equal(tookAt, 0);
  stops[0].abort();
  await clock.advance(700);
  assert.ok(tookAt > releasedAt && releasedAt > 0, `released at ${String(releasedAt)}, taken at ${String(tookAt)}`);
  stops[1].abort();
  await clock.advance(1000);
  await Promise.all([first, second]);
  assert.equal(clock.pendingTimers, 0);
});

test('a leader whose renewals stall gives up after 10 s, another takes over after 15 s', async () => {
  const { clock, transport, network, server } = setUp();
  const stop = new AbortController();
  let lostAt = 0;
  const first = makeElector(transport, clock, 'a').run(stop.signal, async (signal) => {
    await untilAborted(signal);
    lostAt = clock.monotonic();
  });
  const lost = assert.rejects(first, LeadershipLostError);
  await clock.advance(20_000);
  const otherWay = lossyTransport(server, clock, () => goodFate);
  let tookAt = 0;
  const second = makeElector(otherWay, clock, 'b').run(stop.signal, async (signal) => {
    tookAt = clock.monotonic();
    await untilAborted(signal);
  });
  await clock.advance(1000);
  const stalledAt = clock.monotonic();
  network.fate = { ...goodFate, loss: 'request' };
  await clock.advance(40_000);
  await lost;
  assert.ok(lostAt - stalledAt <= 10_000 && lostAt - stalledAt >= 7500, `lost after ${String(lostAt - stalledAt)}`);
  assert.ok(tookAt > lostAt && tookAt - stalledAt <= 20_000, `taken after ${String(tookAt - stalledAt)}`);
  stop.abort();
  await clock.advance(60_000);
  await second;
  assert.equal(clock.pendingTimers, 0);
});

test('a Lease that somebody else holds is lost at the next renewal; one that was only annotated is not', async () => {
  const { clock, transport, server } = setUp();
  const stop = new AbortController();
  const run = makeElector(transport, clock, 'a').run(stop.signal, untilAborted);
  const lost = assert.rejects(run, /held by "thief"/);
  await clock.advance(3000);
  const annotate = (spec: object): void => {
    const { lease } = server;
    assert.ok(lease !== undefined);
    server.handle({ method: 'PUT', path: '', verb: 'update', body: { ...lease, spec: { ...lease.spec, ...spec } } });
  };
  annotate({});
  await clock.advance(20_000);
  assert.equal(server.lease?.spec?.holderIdentity, 'a');
  annotate({ holderIdentity: 'thief' });
  await clock.advance(3000);
  await lost;
  assert.equal(server.lease.spec.holderIdentity, 'thief', 'not released: it is not ours');
});

test('work that does not stop when aborted is given up, and the Lease not released', async () => {
  const { clock, transport, server, network } = setUp();
  const stuck = Promise.withResolvers<void>();
  const run = makeElector(transport, clock, 'a').run(new AbortController().signal, async () => stuck.promise);
  const lost = assert.rejects(run, /the work did not stop/);
  await clock.advance(3000);
  network.fate = { ...goodFate, loss: 'request' };
  await clock.advance(20_000);
  await lost;
  assert.equal(server.lease?.spec?.holderIdentity, 'a');
  stuck.resolve();
});

test('what the work throws is what run throws, after the release', async () => {
  const { clock, transport, server } = setUp();
  const run = makeElector(transport, clock, 'a').run(new AbortController().signal, () =>
    Promise.reject(new Error('a bug')),
  );
  const failed = assert.rejects(run, /a bug/);
  await clock.advance(1000);
  await failed;
  assert.equal(server.lease?.spec?.holderIdentity, '');
  assert.equal(clock.pendingTimers, 0);
});

test('a stop during the acquisition releases what it took', async () => {
  const { clock, transport, server, network } = setUp();
  network.fate = { toServerMs: 100, toClientMs: 100, loss: 'none' };
  const stop = new AbortController();
  const run = makeElector(transport, clock, 'a').run(stop.signal, () => Promise.reject(new Error('must not lead')));
  await clock.advance(350);
  assert.equal(server.lease?.spec?.holderIdentity, 'a');
  stop.abort();
  await clock.advance(1000);
  await run;
  assert.equal(server.lease.spec.holderIdentity, '');
});

test('rule 20, as a property: never two leaders, and each has a higher fence than all before', async () => {
  const fate: fc.Arbitrary<Fate> = fc.record({
    toServerMs: fc.oneof({ weight: 4, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(9000) }),
    toClientMs: fc.oneof({ weight: 4, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(9000) }),
    loss: fc.oneof(
      { weight: 4, arbitrary: fc.constant('none' as const) },
      { weight: 1, arbitrary: fc.constantFrom('request' as const, 'answer' as const) },
    ),
  });
  const machine = fc.record({
    rate: fc.double({ min: 0.95, max: 1.05, noNaN: true }),
    offsetMs: fc.nat(1_000_000),
    fates: fc.array(fate, { minLength: 1, maxLength: 30 }),
    /** From when to when nothing gets through. */
    partition: fc.tuple(fc.nat(150_000), fc.nat(60_000)),
    stopAfterMs: fc.integer({ min: 1000, max: 200_000 }),
    jitter: fc.double({ min: 0, max: 0.99, noNaN: true }),
  });
  let terms = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(machine, { minLength: 2, maxLength: 4 }), async (machines) => {
      const base = new FakeClock();
      const server = new LeaseServer();
      const over = new AbortController();
      const live = new Set<string>();
      const fences: number[] = [];
      const process = async (index: number): Promise<void> => {
        const { rate, offsetMs, fates, partition, stopAfterMs, jitter } = machines[index] as (typeof machines)[number];
        const clock = skewed(base, rate, offsetMs);
        let calls = 0;
        const transport = lossyTransport(server, clock, () => {
          const [from, length] = partition;
          const cutOff = base.monotonic() >= from && base.monotonic() < from + length;
          // Faults end at some time, or nothing could be asked of the end.
          if (base.monotonic() > 250_000) return goodFate;
          return cutOff ? { ...goodFate, loss: 'request' } : (fates[(calls += 1) % fates.length] ?? goodFate);
        });
        for (let start = 1; !over.signal.aborted; start += 1) {
          const stop = new AbortController();
          const cancelStop =
            start === 1
              ? clock.setTimer(stopAfterMs, () => {
                  stop.abort();
                })
              : undefined;
          const endAll = (): void => {
            stop.abort();
          };
          over.signal.addEventListener('abort', endAll);
          const elector = makeElector(transport, clock, `${String(index)}-${String(start)}`, () => jitter);
          await elector
            .run(stop.signal, async (signal, fence) => {
              assert.equal(live.size, 0, `two leaders: ${[...live].join()} and ${String(index)}`);
              live.add(String(index));
              fences.push(fence.value);
              await Promise.race([untilAborted(signal), untilAborted(stop.signal)]);
              live.delete(String(index));
            })
            .catch((error: unknown) => {
              if (!(error instanceof LeadershipLostError)) throw error;
            });
          over.signal.removeEventListener('abort', endAll);
          cancelStop?.();
        }
      };
      const running = Promise.all(machines.map(async (_, index) => process(index)));
      // A failed assertion inside ends the run at once; the rest of the machines need not.
      const failed = running.then(() => undefined);
      failed.catch(() => undefined);
      await Promise.race([base.advance(300_000), failed]);
      assert.equal(live.size, 1, 'after the faults somebody leads');
      over.abort();
      await Promise.race([base.advance(120_000), failed]);
      await running;
      assert.deepEqual(
        fences,
        [...new Set(fences)].sort((a, b) => a - b),
        'fences rise',
      );
      terms += fences.length;
    }),
    { numRuns: 60 },
  );
  assert.ok(terms > 150, `the property saw leadership change: ${String(terms)} terms`);
});
