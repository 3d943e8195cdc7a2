import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type ControlPlane, startControlPlane } from '@nodetask/testbed';
import { ApiError, isAlreadyExists, isNotFound } from '../src/kube/api-error.ts';
import { startHarness } from './support/kube-harness.ts';

let cluster: ControlPlane;

before(async () => {
  cluster = await startControlPlane({ controllerManager: false });
  await cluster.createNamespace('calls');
});

after(async () => cluster.stop());

const getDefault = { method: 'GET', path: '/api/v1/namespaces/default', verb: 'get' } as const;

const isApiError =
  (check: (error: ApiError) => boolean) =>
  (error: unknown): boolean =>
    error instanceof ApiError && (check(error) || assert.fail(`${error.reason}: ${error.message}`));

const isLimited = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 429 && (error.retryAfterMs ?? 0) >= 1000 && error.retriable;

test('rule 1: calls share kept HTTP/1.1 connections, each watch has its own', async (t) => {
  const { transport, proxy, close } = await startHarness(t, cluster);
  for (let call = 0; call < 50; call += 1) await transport.request(getDefault);
  // A call that begins before the former has quite ended opens a second one.
  assert.ok(proxy.counters.accepted <= 2, `${String(proxy.counters.accepted)} connections for 50 calls in a row`);
  await Promise.all(Array.from({ length: 100 }, async () => transport.request(getDefault)));
  assert.ok(proxy.counters.accepted <= 16, `${String(proxy.counters.accepted)} connections for 100 calls at once`);
  const rest = proxy.counters.accepted;
  const stop = new AbortController();
  const query = { watch: true, resourceVersion: '0' };
  const watch = { path: '/api/v1/namespaces', query, verb: 'watch', signal: stop.signal } as const;
  const streams = await Promise.all(Array.from({ length: 3 }, async () => transport.stream(watch)));
  assert.equal(proxy.counters.accepted, rest + 3, 'over HTTP/2 they would share one');
  for (const stream of streams) {
    for await (const chunk of stream) {
      assert.match(Buffer.from(chunk).toString(), /"ADDED"/);
      break;
    }
  }
  // Who leaves a stream closes its connection, without the signal.
  await proxy.until(({ live }) => live <= rest);
  assert.equal(stop.signal.aborted, false);
  await close();
});

test('rule 1: a CA that changes is used for the next connection', async (t) => {
  let ca: string | undefined = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n';
  const { transport, close } = await startHarness(t, cluster, {
    credentialsMaxAgeMs: 0,
    wrapAccess: (access) => ({
      ...access,
      readCredentials: async (fresh) => {
        const credentials = await access.readCredentials(fresh);
        return ca === undefined ? credentials : { ...credentials, tls: { ...credentials.tls, ca } };
      },
    }),
  });
  await assert.rejects(
    transport.request({ ...getDefault, timeoutMs: 3000 }),
    isApiError(({ code, retriable }) => code === 0 && retriable),
  );
  ca = undefined;
  await transport.request(getDefault);
  await close();
});

test('rule 2: a refused token is read again at once, once, and the call repeated', async (t) => {
  const file = join(cluster.folder, 'rule-2.token');
  await writeFile(file, 'not a token');
  const reads: boolean[] = [];
  const { transport, recorded, close } = await startHarness(t, cluster, {
    token: { file },
    wrapAccess: (access) => ({
      ...access,
      readCredentials: async (fresh) => {
        reads.push(fresh);
        // The kubelet writes the new token while the old one is being refused.
        if (fresh) await writeFile(file, cluster.adminToken);
        return access.readCredentials(fresh);
      },
    }),
  });
  await transport.request(getDefault);
  assert.deepEqual(reads, [false, true]);
  await transport.request(getDefault);
  assert.deepEqual(reads, [false, true]);
  assert.equal(recorded.count('requestDone', 'get', '401'), 1);
  assert.equal(recorded.count('requestDone', 'get', '200'), 2);
  await close();
});

test('rule 2: a token that stays refused is an error with the code 401, after two tries', async (t) => {
  const { transport, recorded, close } = await startHarness(t, cluster, { token: 'not a token' });
  await assert.rejects(
    transport.request(getDefault),
    isApiError(({ code, reason, retriable }) => code === 401 && reason === 'Unauthorized' && !retriable),
  );
  const stop = new AbortController();
  await assert.rejects(
    transport.stream({ path: '/api/v1/namespaces', query: { watch: true }, verb: 'watch', signal: stop.signal }),
    isApiError(({ code }) => code === 401),
  );
  assert.equal(recorded.count('requestDone', 'get', '401'), 2);
  assert.equal(recorded.count('requestDone', 'watch', '401'), 2);
  await close();
});

test('rule 2: credentials that cannot be read fail the call, and nothing else', async (t) => {
  let broken = true;
  const { transport, close } = await startHarness(t, cluster, {
    wrapAccess: (access) => ({
      ...access,
      readCredentials: async (fresh) => {
        if (broken) throw new Error('EACCES: token');
        return access.readCredentials(fresh);
      },
    }),
  });
  await assert.rejects(
    transport.request(getDefault),
    isApiError(({ reason, retriable }) => reason === 'NoCredentials' && retriable),
  );
  broken = false;
  await transport.request(getDefault);
  await close();
});

test('rule 3: errors are classified and say which call it was', async (t) => {
  const { transport, proxy, close } = await startHarness(t, cluster);
  const path = '/api/v1/namespaces/calls/configmaps';
  await assert.rejects(
    transport.request({ method: 'GET', path: `${path}/none`, verb: 'get' }),
    (error) =>
      isNotFound(error) && error.message.startsWith(`GET ${path}/none: 404 NotFound: configmaps "none" not found`),
  );
  const create = { method: 'POST', path, verb: 'create', body: { metadata: { name: 'twice' } } } as const;
  await transport.request(create);
  await assert.rejects(transport.request(create), (error) => isAlreadyExists(error) && !error.retriable);
  await assert.rejects(
    transport.request({ ...create, body: { metadata: { name: 'Not Legal' } } }),
    isApiError(({ code, retriable }) => code === 422 && !retriable),
  );
  await proxy.setMode({ kind: 'refuse' });
  proxy.resetConnections();
  await assert.rejects(
    transport.request(getDefault),
    isApiError(({ code, retriable, message }) => code === 0 && retriable && message.includes('ECONNREFUSED')),
  );
  await close();
});

test('rule 3: a call ends with its deadline or its signal, also on a connection that has gone silent', async (t) => {
  const { transport, proxy, clock, close } = await startHarness(t, cluster);
  await transport.request(getDefault);
  await proxy.setMode({ kind: 'stall' });
  const start = clock.monotonic();
  await assert.rejects(
    transport.request({ ...getDefault, timeoutMs: 300 }),
    isApiError(
      ({ reason, retriable, message }) => reason === 'Timeout' && retriable && message.includes('within 300 ms'),
    ),
  );
  assert.ok(clock.monotonic() - start < 2000);
  const caller = new AbortController();
  const aborted = assert.rejects(transport.request({ ...getDefault, signal: caller.signal }), /leadership lost/);
  caller.abort(new Error('leadership lost'));
  await aborted;
  await proxy.setMode({ kind: 'pass' });
  await transport.request(getDefault);
  await close();
});

test('rule 3: a kept connection that was reset is replaced without the caller noticing, but not for a POST', async (t) => {
  const { transport, proxy, close } = await startHarness(t, cluster);
  await transport.request(getDefault);
  await setImmediate();
  await proxy.setMode({ kind: 'reset', direction: 'toServer', afterBytes: 1 }, 'live');
  await transport.request(getDefault);
  assert.equal(proxy.counters.faults, 1);
  await setImmediate();
  await proxy.setMode({ kind: 'reset', direction: 'toServer', afterBytes: 1 }, 'live');
  await assert.rejects(
    transport.request({
      method: 'POST',
      path: '/api/v1/namespaces/calls/configmaps',
      verb: 'create',
      body: { metadata: { name: 'perhaps' } },
    }),
    isApiError(({ code, retriable }) => code === 0 && retriable),
  );
  await close();
});

test('rule 3: a 429 is waited for as long as the server says, within the deadline; a POST is not repeated', async (t) => {
  // The account may have one request at a time; while etcd stands still, one that reads from it keeps the others out.
  await cluster.admin.applyYaml(`
apiVersion: v1
kind: ServiceAccount
metadata: {name: limited, namespace: calls}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: limited}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: limited, namespace: calls}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: one-at-a-time}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: limited}
spec:
  priorityLevelConfiguration: {name: one-at-a-time}
  matchingPrecedence: 2
  rules:
    - subjects: [{kind: ServiceAccount, serviceAccount: {name: limited, namespace: calls}}]
      resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
`);
  const { token } = await cluster.serviceAccountToken({ namespace: 'calls', serviceAccount: 'limited' });
  const { transport, recorded, close } = await startHarness(t, cluster, { token });
  t.after(() => {
    cluster.etcd.resume();
  });
  const limited = (): number => recorded.count('requestDone', 'get', '429');
  const two = async (timeoutMs: number): Promise<PromiseSettledResult<unknown>[]> =>
    Promise.allSettled([
      transport.request({ ...getDefault, timeoutMs }),
      transport.request({ ...getDefault, timeoutMs }),
    ]);
  // The API server needs a moment to take up the new flow schema: then it answers one of two at once with 429.
  cluster.etcd.pause();
  for (let tries = 0; limited() === 0 && tries < 20; tries += 1) await two(500);
  const soFar = limited();
  const results = await two(3500);
  const ended = results.map((result) => (result.status === 'rejected' ? (result.reason as unknown) : undefined));
  assert.equal(
    ended.filter(isLimited).length,
    1,
    `the server's answer is the error, not our deadline: ${String(ended)}`,
  );
  // The server asks for 1 s, and for more the more it has to refuse.
  assert.ok(limited() - soFar >= 2);

  const waiting = two(30_000);
  const create = { method: 'POST', path: '/api/v1/namespaces/calls/configmaps', verb: 'create' } as const;
  let posts = 0;
  for (let refused = false; !refused; posts += 1) {
    assert.ok(posts < 20, 'no POST was refused');
    const body = { metadata: { name: `limited-${String(posts)}` } };
    refused = await transport.request({ ...create, body, timeoutMs: 500 }).then(() => false, isLimited);
  }
  assert.equal(recorded.count('requestDone', 'create'), posts);
  cluster.etcd.resume();
  assert.deepEqual(
    (await waiting).map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
  await close();
});
