import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ControlPlane, startControlPlane } from '@nodetask/testbed';
import { checkReadiness, waitForSync } from '../src/kube/informer-health.ts';
import type { KubeRequest, KubeTransport } from '../src/kube/kube-transport.ts';
import { type ConfigMap, forgetHistory, startHarness, versions, Writer } from './support/kube-harness.ts';

let cluster: ControlPlane;

before(async () => {
  cluster = await startControlPlane({ controllerManager: false });
});

after(async () => cluster.stop());

/** Short times for tests that wait for what takes long. */
const quick = { backoffInitialMs: 20, backoffMaxMs: 100 };

interface Spied extends KubeTransport {
  readonly requests: KubeRequest[];
  /** Versions at which watches began. */
  readonly watched: string[];
  /** What came over watches. */
  readonly received: string[];
}

const record = async function* (chunks: AsyncIterable<Uint8Array>, received: string[]): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    received.push(Buffer.from(chunk).toString());
    yield chunk;
  }
};

const pick = <T>(choices: readonly T[]): T => choices[Math.floor(Math.random() * choices.length)] as T;

/** Passes calls on and lets a test see them, and act between them. */
const spied = (
  transport: KubeTransport,
  onAnswer: (request: KubeRequest, count: number) => Promise<void> | void,
): Spied => {
  const requests: KubeRequest[] = [];
  const watched: string[] = [];
  const received: string[] = [];
  return {
    requests,
    watched,
    received,
    request: async <T>(request: KubeRequest) => {
      requests.push(request);
      const answer = await transport.request<T>(request);
      await onAnswer(request, requests.length);
      return answer;
    },
    stream: async (request) => {
      watched.push(String(request.query?.['resourceVersion']));
      return record(await transport.stream(request), received);
    },
  };
};

test('rule 4: a list comes in pages of one moment; when the server forgets that moment in between, it begins anew', async (t) => {
  const { reflect, parts, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-4');
  for (let name = 0; name < 12; name += 1) await writer.set(`m${String(name)}`, '1');
  const transport = spied(parts.transport, async (_, count) => {
    if (count !== 2) return;
    await writer.delete('m1');
    await writer.set('m2', '2');
    await forgetHistory(cluster);
  });
  const { reflector } = reflect(writer.namespace, { transport, timings: { ...quick, pageSize: 5 } });
  await reflector.synced;
  const pages = transport.requests.map(
    ({ query }) => `${String(query?.['limit'])} ${query?.['continue'] === undefined ? 'first' : 'next'}`,
  );
  assert.deepEqual(pages, ['5 first', '5 next', '5 next', '5 first', '5 next', '5 next']);
  assert.equal(reflector.cache.size, 11);
  assert.deepEqual(versions(reflector.cache.list()), await writer.truth());
  await writer.set('m3', '2');
  await until('the watch', () => reflector.cache.get('rule-4/m3')?.data?.['v'] === '2');
  await close();
});

test('rule 5: bookmarks carry the version on while nothing happens, so that a watch resumes without a list', async (t) => {
  const { reflect, parts, proxy, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-5');
  const quiet = await Writer.inNewNamespace(cluster, 'rule-5-quiet');
  await quiet.set('a', '1');
  const transport = spied(parts.transport, () => undefined);
  const { reflector, changes } = reflect(quiet.namespace, {
    transport,
    timings: { ...quick, watchTimeoutMs: 5000 },
  });
  await reflector.synced;
  await until('the first watch', () => transport.watched.length === 1);
  for (let count = 0; count < 20; count += 1) await writer.set('other', String(count));
  // The API server sends one each minute, and one two seconds before the watch's time is over.
  await until('a bookmark', () => transport.received.some((text) => text.includes('"BOOKMARK"')), 20_000);
  proxy.resetConnections();
  await until('the second watch', () => transport.watched.length === 2);
  assert.ok(
    Number(transport.watched[1]) >= Number(transport.watched[0]) + 20,
    `resumed at ${String(transport.watched)}`,
  );
  await quiet.set('a', '2');
  await until('the event', () => changes.at(-1) === 'a: 1 → 2');
  assert.equal(transport.requests.length, 1, 'one list, no other');
  await close();
});

test('rule 6: a connection that has gone silent is given up after the inactivity limit and resumed', async (t) => {
  const { reflect, parts, proxy, recorded, until, clock, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-6');
  const transport = spied(parts.transport, () => undefined);
  const { reflector, changes } = reflect(writer.namespace, { transport, timings: { ...quick, inactivityMs: 1000 } });
  await reflector.synced;
  await until('the watch', () => recorded.count('requestDone', 'watch', '200') === 1);
  // Live connections are black holes, new ones are fine: what a broken NAT does.
  await proxy.setMode({ kind: 'stall' }, 'live');
  const start = clock.monotonic();
  await writer.set('a', '1');
  await until('the event', () => changes.length === 1);
  assert.ok(clock.monotonic() - start < 5000);
  assert.ok(recorded.count('watchReconnected', 'configmaps', 'inactive') >= 1);
  // Everything is a black hole, new connections too.
  await proxy.setMode({ kind: 'stall' });
  await writer.set('a', '2');
  const inactive = recorded.count('watchReconnected', 'configmaps', 'inactive');
  await until('two failures', () => recorded.count('watchReconnected', 'configmaps', 'inactive') >= inactive + 2);
  await proxy.setMode({ kind: 'pass' });
  await until('the event', () => changes.at(-1) === 'a: 1 → 2');
  // The others ask for the version alone.
  assert.equal(transport.requests.filter(({ query }) => query?.['limit'] !== 1).length, 1);
  assert.equal(recorded.count('relisted', 'configmaps'), 1);
  await close();
});

test('rule 6: an API server that stands still (SIGSTOP) is noticed; when it goes on, nothing is missing', async (t) => {
  const { reflect, recorded, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-6-stop');
  const { reflector, changes } = reflect(writer.namespace, { timings: { ...quick, inactivityMs: 1000 } });
  await reflector.synced;
  t.after(() => {
    cluster.apiServer.resume();
  });
  cluster.apiServer.pause();
  await until('inactivity', () => recorded.count('watchReconnected', 'configmaps', 'inactive') >= 2);
  cluster.apiServer.resume();
  await writer.set('a', '1');
  await until('the event', () => changes.at(-1) === 'a: - → 1');
  assert.equal(recorded.count('relisted', 'configmaps'), 1);
  await close();
});

test('rule 7: an event that is cut in the middle is not lost; U+2028 is not the end of a line', async (t) => {
  const { reflect, parts, proxy, recorded, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-7');
  const transport = spied(parts.transport, () => undefined);
  const { reflector } = reflect(writer.namespace, { transport, timings: quick });
  await reflector.synced;
  await until('the watch', () => recorded.count('requestDone', 'watch', '200') === 1);
  await proxy.setMode({ kind: 'cut', direction: 'toClient', afterBytes: 100_000 }, 'live');
  const big = 'x'.repeat(300_000);
  await writer.set('big', big);
  await until('the big one', () => reflector.cache.get('rule-7/big')?.data?.['v'] === big);
  assert.equal(proxy.counters.faults >= 1, true);
  const separators = 'a\u2028b\u2029c\u0085d\re\nf';
  await writer.set('separators', separators);
  await until('the separators', () => reflector.cache.get('rule-7/separators')?.data?.['v'] === separators);
  assert.equal(transport.requests.length, 1, 'no list was needed');
  await close();
});

test('rules 8 and 9: a forgotten version makes a list; it brings what was missed, and a new uid as delete and add', async (t) => {
  const { reflect, proxy, recorded, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-8');
  for (const name of ['stays', 'changes', 'goes', 'anew']) await writer.set(name, '1');
  const { reflector, changes } = reflect(writer.namespace, { timings: quick });
  await reflector.synced;
  const uids: (string | undefined)[][] = [];
  reflector.onChange((key, old, now) => {
    if (key === 'rule-8/anew') uids.push([old?.metadata.uid, now?.metadata.uid]);
  });
  const oldUid = reflector.cache.get('rule-8/anew')?.metadata.uid;
  await proxy.setMode({ kind: 'refuse' });
  proxy.resetConnections();
  await writer.set('changes', '2');
  await writer.delete('goes');
  await writer.delete('anew');
  const { metadata } = await writer.set('anew', '1');
  await forgetHistory(cluster);
  changes.length = 0;
  await proxy.setMode({ kind: 'pass' });
  await until('the list', () => recorded.count('relisted', 'configmaps', 'expired') === 1);
  assert.deepEqual([...changes].sort(), ['anew: - → 1', 'anew: 1 → -', 'changes: 1 → 2', 'goes: 1 → -']);
  assert.deepEqual(uids, [
    [oldUid, undefined],
    [undefined, metadata.uid],
  ]);
  assert.deepEqual(versions(reflector.cache.list()), await writer.truth());
  assert.ok(recorded.count('watchReconnected', 'configmaps', 'expired') >= 1);
  assert.equal(recorded.count('relistMissed', 'configmaps'), 0, 'that is no fault of the watch');
  await close();
});

test('rule 10: a handler that throws is counted, and the others hear everything; an object that transform cannot read is left out', async (t) => {
  const { reflect, recorded, lines, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-10');
  await writer.set('listed', '1');
  const { reflector, changes } = reflect(writer.namespace, {
    timings: quick,
    transform: (object) => {
      if (object.metadata.name === 'untransformable') throw new Error('a bug in transform');
      return object;
    },
  });
  reflector.onChange(() => {
    throw new Error('a bug in a handler');
  });
  const heard: string[] = [];
  reflector.onChange((key) => {
    heard.push(key);
  });
  await reflector.synced;
  await writer.set('watched', '1');
  await writer.set('untransformable', '1');
  await writer.delete('listed');
  await until('all', () => heard.length === 3);
  assert.equal(changes.length, 3);
  assert.equal(recorded.count('handlerFailed', 'configmaps'), 4);
  assert.equal(lines.filter(({ level }) => level === 'error').length, 4);
  assert.equal(reflector.cache.size, 1);
  await close();
});

test('rule 11: whenever it is told to end, it ends, and nothing stays open', async (t) => {
  const writer = await Writer.inNewNamespace(cluster, 'rule-11');
  for (let name = 0; name < 30; name += 1) await writer.set(`m${String(name)}`, '1');
  const { reflect, proxy, transport, recorded, until, clock, close } = await startHarness(t, cluster);
  // Moments: before anything, in the middle of a list, between list and watch, in a watch, in the backoff.
  for (const mode of ['pass', 'stall', 'refuse'] as const) {
    for (const afterMs of [0, 1, 3, 10, 30, 100]) {
      await proxy.setMode({ kind: mode });
      const { stop } = reflect(writer.namespace, { timings: { ...quick, pageSize: 3 } });
      await new Promise((resolve) =>
        clock.setTimer(afterMs, () => {
          resolve(undefined);
        }),
      );
      const start = clock.monotonic();
      await stop();
      assert.ok(
        clock.monotonic() - start < 1000,
        `${mode} ${String(afterMs)}: took ${String(clock.monotonic() - start)} ms`,
      );
    }
  }
  await proxy.setMode({ kind: 'pass' });
  const watches = recorded.count('requestDone', 'watch');
  await transport.request({ method: 'GET', path: '/version', verb: 'get' });
  await until('idle connections only', () => proxy.counters.live <= 16);
  assert.equal(recorded.count('requestDone', 'watch'), watches, 'no watch was opened afterwards');
  await close();
});

test('rule 12: an API server that is away, restarts, or cannot be given a token is waited for', async (t) => {
  let tokenBroken = false;
  const { reflect, proxy, recorded, until, close } = await startHarness(t, cluster, {
    credentialsMaxAgeMs: 0,
    wrapAccess: (access) => ({
      ...access,
      readCredentials: async (fresh) => {
        if (tokenBroken) throw new Error('EIO: token');
        return access.readCredentials(fresh);
      },
    }),
  });
  const writer = await Writer.inNewNamespace(cluster, 'rule-12');
  const { reflector, changes } = reflect(writer.namespace, { timings: quick });
  await reflector.synced;
  await proxy.setMode({ kind: 'refuse' });
  proxy.resetConnections();
  const failures = (): number => recorded.count('watchReconnected', 'configmaps', 'network');
  await until('ten refused tries', () => failures() >= 10);
  await writer.set('a', '1');
  await proxy.setMode({ kind: 'pass' });
  await until('the first event', () => changes.at(-1) === 'a: - → 1');
  assert.equal(reflector.health().lastError, undefined);

  await cluster.apiServer.stop();
  await until('its absence', () => reflector.health().lastError !== undefined);
  await cluster.apiServer.start();
  await writer.set('a', '2');
  await until('the second event', () => changes.at(-1) === 'a: 1 → 2');

  tokenBroken = true;
  proxy.resetConnections();
  await writer.set('a', '3');
  await new Promise((resolve) => setTimeout(resolve, 300));
  tokenBroken = false;
  await until('the third event', () => changes.at(-1) === 'a: 2 → 3');
  await close();
});

test('rule 13: comparing the cache with a list of its own version finds nothing while everything changes', async (t) => {
  const { reflect, recorded, lines, until, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-13');
  const { reflector, changes } = reflect(writer.namespace, {
    timings: { ...quick, relistMs: 150, pageSize: 3, resyncMs: 1000 },
  });
  await reflector.synced;
  let count = 0;
  while (recorded.count('relisted', 'configmaps', 'periodic') < 8) {
    count += 1;
    const name = `m${String(count % 10)}`;
    if (count % 7 === 0) await writer.delete(name);
    else await writer.set(name, String(count));
    assert.ok(count < 5000, 'no periodic list');
  }
  assert.ok(count > 20, `there was little to find: ${String(count)}`);
  await until('agreement', () => true);
  const truth = await writer.truth();
  await until('agreement', () => JSON.stringify(versions(reflector.cache.list())) === JSON.stringify(truth));
  const missed = recorded.calls.filter(([name]) => name === 'relistMissed').map(([, , found]) => found);
  assert.deepEqual(new Set(missed), new Set([0]));
  assert.deepEqual(
    lines.filter(({ level }) => level !== 'debug'),
    [],
  );
  await until('a resync', () => changes.some((change) => /^\w+: (\d+) → \1$/.test(change)));
  await close();
});

test('rule 14: without permission the cache is not ready and says why; with it, it is', async (t) => {
  await cluster.createNamespace('rule-14');
  await cluster.admin.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'operator', namespace: 'rule-14' },
  });
  const { token } = await cluster.serviceAccountToken({ namespace: 'rule-14', serviceAccount: 'operator' });
  const { reflect, clock, parts, lines, until, close } = await startHarness(t, cluster, { token });
  const { reflector } = reflect('rule-14', { timings: quick });
  const stop = new AbortController();
  const waiting = waitForSync([reflector], { clock, logger: parts.logger, signal: stop.signal, warnAfterMs: 300 });
  const late = () => lines.find(({ message }) => message.startsWith('no complete cache'));
  await until('the complaint', () => late() !== undefined);
  assert.match(String(late()?.fields['reason']), /configmaps: not synced.*403 Forbidden: configmaps is forbidden/);
  assert.equal(checkReadiness([reflector]).ok, false);
  await cluster.admin.applyYaml(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: operator, namespace: rule-14}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: operator, namespace: rule-14}]
`);
  await waiting;
  assert.deepEqual(checkReadiness([reflector]), { ok: true });
  await close();
});

test('rule 21: a soak with random faults ends with the cache of the API server and nothing left open', async (t) => {
  const { reflect, proxy, recorded, until, clock, close } = await startHarness(t, cluster);
  const writer = await Writer.inNewNamespace(cluster, 'rule-21');
  const model = new Map<string, ConfigMap>();
  const { reflector } = reflect(writer.namespace, {
    timings: { ...quick, inactivityMs: 700, relistMs: 2000, pageSize: 4, watchTimeoutMs: 2000, healthyWatchMs: 1000 },
  });
  reflector.onChange((key, old, now) => {
    assert.equal(model.get(key), old, 'each change begins where the last one ended');
    if (now === undefined) model.delete(key);
    else model.set(key, now);
  });
  await reflector.synced;
  const end = clock.monotonic() + 15_000;
  let writes = 0;
  while (clock.monotonic() < end) {
    await proxy.setMode(
      pick([
        { kind: 'pass' },
        { kind: 'refuse' },
        { kind: 'stall' },
        { kind: 'stall', direction: 'toClient' },
        { kind: 'delay', toServerMs: 20, toClientMs: 50 },
        { kind: 'cut', direction: 'toClient', afterBytes: Math.floor(Math.random() * 20_000) },
        { kind: 'reset', direction: 'toServer', afterBytes: Math.floor(Math.random() * 5000) },
      ] as const),
      pick(['all', 'new', 'live'] as const),
    );
    if (Math.random() < 0.2) proxy.resetConnections();
    for (let count = 0; count < 10; count += 1) {
      writes += 1;
      const name = `m${String(Math.floor(Math.random() * 20))}`;
      if (Math.random() < 0.3) await writer.delete(name);
      else await writer.set(name, String(writes));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  await proxy.setMode({ kind: 'pass' });
  const truth = JSON.stringify(await writer.truth());
  await until('agreement', () => JSON.stringify(versions(reflector.cache.list())) === truth);
  assert.equal(JSON.stringify(versions([...model.values()])), truth, 'the handlers saw the same');
  assert.equal(recorded.count('handlerFailed'), 0);
  assert.ok(recorded.count('watchReconnected') >= 10, 'the soak had faults');
  const missed = recorded.calls.filter(([name]) => name === 'relistMissed').map(([, , found]) => found);
  assert.deepEqual(
    missed.filter((found) => found !== 0),
    [],
  );
  await close();
});
