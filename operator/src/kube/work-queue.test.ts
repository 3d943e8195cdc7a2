import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { FakeClock } from '@nodetask/runtime/testing';
import { sleep } from '@nodetask/shared';
import * as fc from 'fast-check';
import { noKubeMetrics } from './kube-metrics.ts';
import { WorkQueue } from './work-queue.ts';

const makeQueue = (clock = new FakeClock()): { queue: WorkQueue; clock: FakeClock } => ({
  queue: new WorkQueue({ name: 'test', clock, metrics: noKubeMetrics }),
  clock,
});

test('hands out keys in the order of their first add, each once', async () => {
  const { queue } = makeQueue();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  assert.deepEqual([await queue.get(), await queue.get(), await queue.get()], ['a', 'b', 'c']);
  assert.equal(queue.depth, 0);
});

test('an active key that is added comes again when it is done, once', async () => {
  const { queue } = makeQueue();
  queue.add('a');
  assert.equal(await queue.get(), 'a');
  queue.add('a');
  queue.add('a');
  assert.equal(queue.depth, 0);
  queue.done('a');
  assert.equal(await queue.get(), 'a');
  queue.done('a');
  assert.equal(queue.depth, 0);
});

test('addAfter keeps the earliest time of a key', async () => {
  const { queue, clock } = makeQueue();
  queue.addAfter('a', 5000);
  queue.addAfter('a', 1000);
  queue.addAfter('a', 3000);
  await clock.advance(999);
  assert.equal(queue.depth, 0);
  await clock.advance(1);
  assert.equal(queue.depth, 1);
  await clock.advance(10_000);
  assert.equal(clock.pendingTimers, 0);
});

test('add cancels an addAfter', async () => {
  const { queue, clock } = makeQueue();
  queue.addAfter('a', 1000);
  queue.add('a');
  assert.equal(clock.pendingTimers, 0);
  assert.equal(await queue.get(), 'a');
  queue.done('a');
  await clock.advance(10_000);
  assert.equal(queue.depth, 0);
});

test('waits longer than setTimeout can do not fire at once', async () => {
  const queue = new WorkQueue({ name: 'test', clock: systemClock, metrics: noKubeMetrics });
  queue.addAfter('far', 2 ** 31 + 1000);
  queue.addAfter('near', 20);
  assert.equal(await queue.get(), 'near');
  assert.equal(queue.depth, 0);
  queue.close();
});

test('failures wait 250 ms, doubling to 5 min, until forgotten', async () => {
  const { queue, clock } = makeQueue();
  const waits: number[] = [];
  for (let failures = 0; failures < 13; failures += 1) {
    queue.addRateLimited('a');
    const from = clock.monotonic();
    while (queue.depth === 0) await clock.advance(250);
    waits.push(clock.monotonic() - from);
    await queue.get();
    queue.done('a');
  }
  assert.deepEqual(waits.slice(0, 4), [250, 500, 1000, 2000]);
  assert.deepEqual(waits.slice(-2), [300_000, 300_000]);
  queue.forget('a');
  assert.equal(queue.failures('a'), 0);
});

test('failures of all keys together are limited', async () => {
  const { queue, clock } = makeQueue();
  for (let key = 0; key < 200; key += 1) queue.addRateLimited(String(key));
  await clock.advance(250);
  assert.equal(queue.depth, 102, 'the burst, and two more in 250 ms');
  await clock.advance(4750);
  assert.equal(queue.depth, 150, 'ten a second after it');
});

test('close frees those who wait and forgets what waits', async () => {
  const { queue, clock } = makeQueue();
  const waiting = queue.get();
  queue.addAfter('a', 1000);
  queue.close();
  assert.equal(await waiting, undefined);
  assert.equal(await queue.get(), undefined);
  queue.add('b');
  assert.equal(queue.depth, 0);
  assert.equal(clock.pendingTimers, 0);
});

test('done without get is a mistake of the caller', () => {
  assert.throws(() => {
    makeQueue().queue.done('a');
  }, /done\("a"\) without get/);
});

test('rule 16, as a property: no key is with two workers, and no add is lost', async () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constantFrom('add', 'addRateLimited'), key: fc.nat(4) }),
    fc.record({ kind: fc.constant('addAfter'), key: fc.nat(4), ms: fc.nat(2000) }),
    fc.record({ kind: fc.constant('advance'), key: fc.constant(0), ms: fc.nat(500) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { maxLength: 60 }),
      fc.array(fc.nat(300), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      async (operations, durations, workers) => {
        const { queue, clock } = makeQueue();
        const active = new Set<string>();
        let step = 0;
        const lastAdd = new Map<string, number>();
        const lastStart = new Map<string, number>();
        let works = 0;
        const worker = async (): Promise<void> => {
          for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
            assert.ok(!active.has(key), `${key} is with two workers`);
            active.add(key);
            lastStart.set(key, (step += 1));
            await sleep(clock, durations[(works += 1) % durations.length] ?? 0);
            active.delete(key);
            queue.done(key);
          }
        };
        const running = Promise.all(Array.from({ length: workers }, worker));
        for (const each of operations) {
          const key = String(each.key);
          const ms = 'ms' in each ? each.ms : 0;
          if (each.kind !== 'advance') lastAdd.set(key, (step += 1));
          if (each.kind === 'add') queue.add(key);
          else if (each.kind === 'addRateLimited') queue.addRateLimited(key);
          else if (each.kind === 'addAfter') queue.addAfter(key, ms);
          else await clock.advance(ms);
        }
        // More than all of their waits and works can take.
        await clock.advance(10 * 300_000);
        for (const [key, at] of lastAdd) assert.ok((lastStart.get(key) ?? -1) > at, `the last add of ${key} was lost`);
        assert.equal(active.size, 0);
        queue.close();
        await running;
        assert.equal(clock.pendingTimers, 0);
      },
    ),
    { numRuns: 150 },
  );
});
