import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { groupVersion } from '@nodetask/shared';
import { type ControlPlane, startControlPlane } from '@nodetask/testbed';
import { Registry } from 'prom-client';
import { isConflict } from '../src/kube/api-error.ts';
import { applyObject, applyStatus, mergePatch } from '../src/kube/apply.ts';
import { EventRecorder } from '../src/kube/event-recorder.ts';
import { addFinalizer, removeFinalizer } from '../src/kube/finalizer.ts';
import type { KubeObject } from '../src/kube/kube-object.ts';
import { LeaderElector } from '../src/kube/leader-elector.ts';
import { LeadershipLostError } from '../src/kube/leadership-lost-error.ts';
import type { Lease } from '../src/kube/lease.ts';
import { loadKubeConfig } from '../src/kube/load-kube-config.ts';
import { createKubeMetrics } from '../src/kube/metrics.ts';
import { ReadYourWrites } from '../src/kube/read-your-writes.ts';
import { Reflector } from '../src/kube/reflector.ts';
import { collectionPath, leases, objectPath, type ResourceType } from '../src/kube/resource-type.ts';
import { runWorkers } from '../src/kube/run-workers.ts';
import { Transport } from '../src/kube/transport.ts';
import { WorkQueue } from '../src/kube/work-queue.ts';
import { type ConfigMap, configMaps, type Harness, startHarness, Writer } from './support/kube-harness.ts';

interface Task extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly finalizers?: readonly string[] };
  readonly status?: { readonly observedGeneration?: number; readonly summary?: string };
}

const tasks: ResourceType = { group: 'nodetask.dev', version: 'v1alpha1', plural: 'nodetasks' };
const fieldManager = 'nodetask-operator';

let cluster: ControlPlane;

before(async () => {
  cluster = await startControlPlane({ controllerManager: false });
  await cluster.admin.applyYaml(
    await readFile(new URL('../../crds/nodetask.dev_nodetasks.yaml', import.meta.url), 'utf8'),
  );
  await cluster.createNamespace('writes');
});

after(async () => cluster.stop());

const task = (name: string) => ({
  apiVersion: groupVersion,
  kind: 'NodeTask',
  metadata: { name, namespace: 'writes' },
  spec: { type: 'mark-ready', target: { podName: 'p' } },
});

const status = (name: string, summary: string) => ({
  apiVersion: groupVersion,
  kind: 'NodeTask',
  metadata: { name, namespace: 'writes' },
  status: { observedGeneration: 1, summary },
});

/** The new kind is served a moment after its CRD. */
const createTask = async (harness: Harness, name: string): Promise<Task> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await applyObject<Task>(harness.transport, tasks, task(name), { fieldManager });
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
};

test('rule 15: what happens is on the metrics endpoint under the names of client-go', async (t) => {
  const harness = await startHarness(t, cluster);
  const registry = new Registry();
  const metrics = createKubeMetrics(registry);
  const stop = new AbortController();
  const kubeconfig = await cluster.kubeconfig('rule-15', { server: harness.proxy.url('https') });
  const transport = new Transport({ ...harness.parts, metrics, access: await loadKubeConfig({ kubeconfig }) });
  const reflector = new Reflector<ConfigMap>({
    ...harness.parts,
    type: configMaps,
    metrics,
    transport,
    timings: { backoffInitialMs: 20 },
  });
  await transport.request({ method: 'GET', path: '/version', verb: 'get' });
  const run = reflector.run(stop.signal);
  await reflector.synced;
  const text = async (): Promise<string> => registry.metrics();
  const shows = async (what: string): Promise<void> => {
    for (let tries = 0; !(await text()).includes(what); tries += 1) {
      assert.ok(tries < 400, await text());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await shows('{code="200",verb="watch"}');
  harness.proxy.resetConnections();
  await shows('watch_reconnects_total{');
  const page = await text();
  for (const line of [
    /^rest_client_requests_total\{code="200",verb="get"\} 1$/m,
    /^rest_client_request_duration_seconds_count\{verb="get"\} 1$/m,
    /^relist_total\{resource="configmaps",reason="initial"\} 1$/m,
    /^watch_reconnects_total\{resource="configmaps",reason="network"\} \d+$/m,
    /^cache_objects\{resource="configmaps"\} \d+$/m,
  ]) {
    assert.match(page, line);
  }
  stop.abort(new Error('the test is over'));
  await run;
  await transport.close();
  await harness.close();
});

test('rule 16: 600 events over 50 objects reach 8 workers, never one object twice at once, and none is lost', async (t) => {
  const { reflect, parts, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-16');
  const queue = new WorkQueue({ name: 'test', clock: parts.clock, metrics: parts.metrics });
  const { reflector } = reflect(writer.namespace);
  reflector.onChange((key) => {
    queue.add(key);
  });
  const active = new Set<string>();
  const seen = new Map<string, string | undefined>();
  const stop = new AbortController();
  const workers = runWorkers(
    queue,
    async (key, { signal }) => {
      assert.ok(!active.has(key), `${key} is with two workers`);
      active.add(key);
      const version = reflector.cache.get(key)?.metadata.resourceVersion;
      await parts.transport.request({ method: 'GET', path: '/version', verb: 'get', signal });
      seen.set(key, version);
      active.delete(key);
      return {};
    },
    { ...parts, concurrency: 8, signal: stop.signal, timeoutMs: 30_000 },
  );
  await Promise.all(
    Array.from({ length: 5 }, async (_, lane) => {
      for (let count = 0; count < 400; count += 1)
        await writer.set(`m${String((count * 5 + lane) % 50)}`, String(count));
    }),
  );
  const truth = await writer.truth();
  await until('the workers', () =>
    Object.entries(truth).every(([name, version]) => seen.get(`rule-16/${name}`) === version),
  );
  stop.abort(new Error('the test is over'));
  await workers;
  await close();
});

test('rule 17: a conflict is tried again at once, and is no error', async (t) => {
  const { transport, parts, lines, recorded, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-17');
  const path = objectPath(configMaps, { namespace: writer.namespace, name: 'a' });
  await writer.set('a', '1');
  const queue = new WorkQueue({ name: 'test', clock: parts.clock, metrics: parts.metrics });
  const stop = new AbortController();
  const written = Promise.withResolvers<void>();
  let tries = 0;
  const workers = runWorkers(
    queue,
    async (_, { signal }) => {
      tries += 1;
      const read = await transport.request<ConfigMap>({ method: 'GET', path, verb: 'get', signal });
      if (tries <= 2) await writer.set('a', `other ${String(tries)}`);
      await transport.request({ method: 'PUT', path, verb: 'update', body: { ...read, data: { v: 'mine' } }, signal });
      written.resolve();
      return {};
    },
    { ...parts, concurrency: 1, signal: stop.signal, timeoutMs: 30_000 },
  );
  queue.add('rule-17/a');
  await written.promise;
  assert.equal(tries, 3);
  assert.deepEqual(
    lines.map(({ level, message }) => [level, message]),
    Array.from({ length: 2 }, () => ['info', 'the object changed meanwhile, reconciling again']),
  );
  assert.equal(recorded.count('reconciled', 'test', 'conflict'), 2);
  stop.abort(new Error('the test is over'));
  await workers;
  await close();
});

test('rule 18: after a write the key rests until the cache has just that version', async (t) => {
  const harness = await startHarness(t, cluster);
  const { transport, parts, until, close } = harness;
  // Events come later than answers: without the rest each reconcile would decide on what it had changed already.
  const slow = await startHarness(t, cluster);
  await slow.proxy.setMode({ kind: 'delay', toServerMs: 0, toClientMs: 50 });
  await createTask(harness, 'rule-18');
  const stop = new AbortController();
  const reflector = new Reflector<Task>({ ...slow.parts, type: tasks, namespace: 'writes' });
  const writes = new ReadYourWrites({
    clock: parts.clock,
    current: (key) => reflector.cache.get(key)?.metadata.resourceVersion,
  });
  const queue = new WorkQueue({ name: 'test', clock: parts.clock, metrics: parts.metrics });
  reflector.onChange((key, _, now) => {
    writes.observe(key, now?.metadata.resourceVersion);
    queue.add(key);
  });
  const key = 'writes/rule-18';
  let steps = 0;
  let stale = 0;
  const workers = runWorkers(
    queue,
    async (_, { signal }) => {
      const summary = reflector.cache.get(key)?.status?.summary ?? '0';
      if (Number(summary) !== steps) stale += 1;
      if (steps === 20) return {};
      steps += 1;
      await writes.track(key, () =>
        applyStatus<Task>(transport, tasks, status('rule-18', String(steps)), { fieldManager, signal }),
      );
      // What any controller does that is woken by something else meanwhile.
      queue.add(key);
      return {};
    },
    { ...parts, concurrency: 2, signal: stop.signal, timeoutMs: 30_000, hold: (held) => writes.holdMs(held) },
  );
  const run = reflector.run(stop.signal);
  await reflector.synced;
  await until('20 steps', () => steps === 20 && reflector.cache.get(key)?.status?.summary === '20');
  assert.equal(stale, 0);
  stop.abort(new Error('the test is over'));
  await Promise.all([workers, run]);
  await Promise.all([close(), slow.close()]);
});

test('rule 18: a status goes by server-side apply to the subresource, with any characters, and only ours changes', async (t) => {
  const harness = await startHarness(t, cluster);
  const { transport, close } = harness;
  const created = await createTask(harness, 'rule-18-apply');
  // Every character of the basic plane that JSON can carry, and one beyond it.
  const all = Array.from({ length: 0xfffe - 0x20 }, (_, code) => String.fromCharCode(code + 0x20)).join('');
  const text = `${all.toWellFormed()}😀`;
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'all', namespace: 'writes' },
    data: { v: text },
  };
  const stored = await applyObject<ConfigMap>(transport, configMaps, map, { fieldManager });
  assert.equal(stored.data?.['v'], text);
  const written = await applyStatus<Task>(transport, tasks, status('rule-18-apply', 'one'), { fieldManager });
  assert.deepEqual([written.status?.summary, written.status?.observedGeneration], ['one', 1]);
  const { managedFields } = written.metadata as unknown as {
    managedFields: { manager: string; operation: string; subresource?: string }[];
  };
  const entry = managedFields.find(({ subresource }) => subresource === 'status');
  assert.deepEqual([entry?.manager, entry?.operation], [fieldManager, 'Apply']);
  // A version in the body guards against every other write; a uid does not: the status subresource ignores it.
  const at = (metadata: object) => ({
    ...status('rule-18-apply', 'two'),
    metadata: { name: 'rule-18-apply', namespace: 'writes', ...metadata },
  });
  const stale = at({ resourceVersion: created.metadata.resourceVersion });
  await assert.rejects(applyStatus(transport, tasks, stale, { fieldManager }), isConflict);
  const otherUid = at({ uid: '00000000-0000-0000-0000-000000000000' });
  const ignored = await applyStatus<Task>(transport, tasks, otherUid, { fieldManager });
  assert.deepEqual([ignored.metadata.uid, ignored.status?.summary], [created.metadata.uid, 'two']);
  await close();
});

test('rule 19: a reconcile that is repeated changes nothing: the same apply keeps the version', async (t) => {
  const harness = await startHarness(t, cluster);
  const { transport, close } = harness;
  await createTask(harness, 'rule-19');
  const once = await applyStatus<Task>(transport, tasks, status('rule-19', 'one'), { fieldManager });
  const twice = await applyStatus<Task>(transport, tasks, status('rule-19', 'one'), { fieldManager });
  assert.equal(twice.metadata.resourceVersion, once.metadata.resourceVersion);
  await close();
});

test('finalizers are set on exactly the version that was read', async (t) => {
  const harness = await startHarness(t, cluster);
  const { transport, close } = harness;
  const created = await createTask(harness, 'finalizers');
  const mine = 'nodetask.dev/cancel';
  const added = await addFinalizer(transport, tasks, created, mine, { fieldManager });
  assert.deepEqual(added.metadata.finalizers, [mine]);
  assert.equal(await addFinalizer(transport, tasks, added, mine, { fieldManager }), added, 'nothing to do');
  const name = { namespace: 'writes', name: 'finalizers' };
  await mergePatch(transport, tasks, name, { metadata: { finalizers: [mine, 'other.dev/x'] } }, { fieldManager });
  await assert.rejects(removeFinalizer(transport, tasks, added, mine, { fieldManager }), isConflict);
  const read = await transport.request<Task>({ method: 'GET', path: objectPath(tasks, name), verb: 'get' });
  const removed = await removeFinalizer(transport, tasks, read, mine, { fieldManager });
  assert.deepEqual(removed.metadata.finalizers, ['other.dev/x']);
  await mergePatch(transport, tasks, name, { metadata: { finalizers: [] } }, { fieldManager });
  await close();
});

const lease = { namespace: 'writes', name: 'nodetask-operator' };

const makeElector = (harness: Harness, identity: string): LeaderElector =>
  new LeaderElector({
    ...harness.parts,
    lease,
    identity,
    timings: {
      leaseDurationMs: 3000,
      renewDeadlineMs: 2000,
      acquirePeriodMs: 300,
      renewPeriodMs: 300,
      drainMs: 2000,
      abandonMs: 1000,
    },
  });

const untilAborted = async (...signals: AbortSignal[]): Promise<void> =>
  new Promise((resolve) => {
    const any = AbortSignal.any(signals);
    if (any.aborted) resolve();
    any.addEventListener('abort', () => {
      resolve();
    });
  });

test('rule 20: one leads; cut off it gives up before another takes over; a release hands over at once; fences rise', async (t) => {
  const [a, b] = [await startHarness(t, cluster), await startHarness(t, cluster)];
  const { clock } = a;
  const history: string[] = [];
  const times = new Map<string, number>();
  const note = (what: string): void => {
    history.push(what);
    times.set(what, clock.monotonic());
  };
  const leaderFences: number[] = [];
  const lead = async (harness: Harness, name: string, stop: AbortSignal): Promise<void> =>
    makeElector(harness, name).run(stop, async (signal, fence) => {
      leaderFences.push(fence.value);
      note(`${name} leads with ${leaderFences.length}`);
      await untilAborted(signal, stop);
      note(`${name} ends`);
    });
  const [stopA, stopB] = [new AbortController(), new AbortController()];
  const first = lead(a, 'a', stopA.signal);
  const lost = assert.rejects(first, LeadershipLostError);
  await a.until('a to lead', () => history.length === 1);
  const second = lead(b, 'b', stopB.signal);
  // Longer than the lease: b must see that a renews.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  assert.deepEqual(history, ['a leads with 1']);
  await a.proxy.setMode({ kind: 'stall' });
  await b.until('b to lead', () => history.length === 3);
  assert.deepEqual(history, ['a leads with 1', 'a ends', 'b leads with 2']);
  const gap = (times.get('b leads with 2') ?? 0) - (times.get('a ends') ?? 0);
  assert.ok(gap > 300, `a ended only ${String(gap)} ms before b began`);
  await lost;
  await a.proxy.setMode({ kind: 'pass' });
  const third = lead(a, 'a2', stopA.signal);
  stopB.abort(new Error('stopping'));
  await second;
  const released = clock.monotonic();
  await a.until('a2 to lead', () => history.length === 5);
  assert.equal(history.at(-1), 'a2 leads with 3');
  assert.ok(clock.monotonic() - released < 1500, 'it did not wait for the lease to run out');
  stopA.abort(new Error('stopping'));
  await third;
  const left = await a.transport.request<Lease>({ method: 'GET', path: objectPath(leases, lease), verb: 'get' });
  assert.deepEqual([left.spec?.holderIdentity, left.spec?.leaseTransitions], ['', leaderFences.at(-1)]);
  assert.deepEqual(
    leaderFences,
    [...new Set(leaderFences)].sort((one, other) => one - other),
    'fences rise',
  );
  await Promise.all([a.close(), b.close()]);
});

test('rule 20: a short outage of the API server does not end leadership, a long one does', async (t) => {
  const harness = await startHarness(t, cluster);
  t.after(() => {
    cluster.apiServer.resume();
  });
  let leading = false;
  let ended = false;
  const run = makeElector(harness, 'c').run(new AbortController().signal, async (signal) => {
    leading = true;
    await untilAborted(signal);
    ended = true;
  });
  const lost = assert.rejects(run, /could not be renewed for 2000 ms/);
  await harness.until('leadership', () => leading);
  cluster.apiServer.pause();
  await new Promise((resolve) => setTimeout(resolve, 700));
  cluster.apiServer.resume();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(ended, false);
  cluster.apiServer.pause();
  await harness.until('the end', () => ended);
  cluster.apiServer.resume();
  await lost;
  await harness.close();
});

const budget = (): AbortSignal => AbortSignal.timeout(20_000);

test('events are written, joined to series, and kept over an outage', async (t) => {
  const harness = await startHarness(t, cluster);
  const { parts, proxy, transport, close } = harness;
  const created = await createTask(harness, 'events');
  const recorder = new EventRecorder({ ...parts, controller: 'nodetask.dev/operator', instance: 'operator-0' });
  const stop = new AbortController();
  const run = recorder.run(stop.signal);
  const regarding = {
    apiVersion: groupVersion,
    kind: 'NodeTask',
    namespace: 'writes',
    name: 'events',
    uid: created.metadata.uid,
  };
  const say = (reason: string, note: string): void => {
    recorder.event({ regarding, type: 'Normal', reason, action: 'Test', note });
  };
  for (let count = 0; count < 3; count += 1) {
    say('Dispatched', 'to sei-0');
    await recorder.flush(budget());
  }
  await proxy.setMode({ kind: 'refuse' });
  proxy.resetConnections();
  say('Completed', 'ä'.repeat(2000));
  await harness.until('a failed try', () => harness.recorded.count('requestDone', 'create', 'error') >= 1);
  await proxy.setMode({ kind: 'pass' });
  await recorder.flush(budget());
  const { items } = await transport.request<{ items: { reason: string; note: string; series?: { count: number } }[] }>({
    method: 'GET',
    path: collectionPath({ group: 'events.k8s.io', version: 'v1', plural: 'events' }, 'writes'),
    query: { fieldSelector: 'regarding.name=events' },
    verb: 'list',
  });
  const found = new Map(items.map(({ reason, note, series }) => [reason, [note.length, series?.count]]));
  assert.deepEqual(
    found,
    new Map([
      ['Dispatched', [8, 3]],
      ['Completed', [512, undefined]],
    ]),
  );
  const described = await cluster.kubectl(['describe', 'nodetask', 'events', '-n', 'writes']);
  assert.match(described.stdout, /Normal\s+Dispatched\s+.*\(x3 over .*\)\s+nodetask\.dev\/operator.*to sei-0/);
  assert.equal(harness.recorded.count('eventDropped'), 0);
  stop.abort(new Error('the test is over'));
  await run;
  await close();
});
