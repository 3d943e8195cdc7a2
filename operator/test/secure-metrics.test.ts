import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import { type Cluster, freePort, startCluster, waitFor } from '@nodetask/testbed';
import { Registry } from 'prom-client';
import { Agent, request } from 'undici';
import { createOperatorMetrics } from '../src/operator-metrics.ts';
import { metricsRoutes } from '../src/secure-server/metrics-routes.ts';
import type { SecureAnswer } from '../src/secure-server/secure-route.ts';
import { type Harness, startHarness } from './support/kube-harness.ts';

/** Who may read the metrics is asked of a real API server, with the rights that the operator has. */
let cluster: Cluster;
let httpsPort: number;
const tokens = { operator: '', prometheus: '', other: '' };

before(async () => {
  httpsPort = await freePort();
  const listen = ['--secure-listen', `127.0.0.1:${String(httpsPort)}`, '--service-host', '127.0.0.1'];
  cluster = await startCluster({
    operator: { leaderElect: false, args: ['--agent-tls', '--secure-metrics', ...listen] },
  });
  const { controlPlane } = cluster;
  await controlPlane.createNamespace('monitoring');
  await cluster.admin.applyYaml(readers);
  const tokenOf = async (namespace: string, serviceAccount: string): Promise<string> =>
    (await controlPlane.serviceAccountToken({ namespace, serviceAccount })).token;
  tokens.operator = await tokenOf('nodetask-system', 'nodetask-operator');
  tokens.prometheus = await tokenOf('monitoring', 'prometheus');
  tokens.other = await tokenOf('monitoring', 'default');
});

after(async () => {
  await cluster.stop();
});

const readers = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: monitoring}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: nodetask-metrics-reader}
rules:
  - nonResourceURLs: [/metrics]
    verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: nodetask-metrics-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: nodetask-metrics-reader}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: monitoring}]
`;

interface Reader {
  readonly harness: Harness;
  readonly clock: FakeClock;
  readonly get: (authorization?: string) => Promise<SecureAnswer>;
  /** Calls to the API server so far. */
  readonly calls: () => number;
}

const startReader = async (t: TestContext): Promise<Reader> => {
  const harness = await startHarness(t, cluster.controlPlane, { token: tokens.operator });
  const registry = new Registry();
  createOperatorMetrics(registry);
  const clock = new FakeClock();
  const { transport, parts } = harness;
  const [route] = metricsRoutes({ secureMetrics: true, registry, transport, clock, logger: parts.logger });
  assert.ok(route !== undefined);
  return {
    harness,
    clock,
    get: async (authorization) =>
      route.handle({
        headers: authorization === undefined ? {} : { authorization },
        body: '',
        signal: AbortSignal.timeout(10_000),
      }),
    calls: () => harness.recorded.count('requestDone', 'create', '201'),
  };
};

/** As Prometheus does it: with the trust bundle that the operator publishes. */
const scrape = async (authorization?: string): Promise<{ readonly status: number; readonly body: string }> => {
  const path = '/api/v1/namespaces/nodetask-system/configmaps/nodetask-trust';
  const trust = await cluster.admin.get<{ readonly data?: Readonly<Record<string, string>> }>(path);
  const dispatcher = new Agent({ connect: { ca: trust?.data?.['ca.crt'] } });
  try {
    const { statusCode, body } = await request(`https://127.0.0.1:${String(httpsPort)}/metrics`, {
      dispatcher,
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
    return { status: statusCode, body: await body.text() };
  } finally {
    await dispatcher.close();
  }
};

describe('--secure-metrics', () => {
  test('has an operator serve its metrics by HTTPS alone, and to those alone who may read them', async () => {
    await waitFor(
      async () =>
        scrape().then(
          ({ status }) => status === 401,
          () => false,
        ),
      { what: 'the HTTPS server', timeoutMs: 20_000 },
    );
    const plain = await fetch(`${cluster.operator.healthUrl}/metrics`);
    assert.equal(plain.status, 404);
    assert.doesNotMatch(await plain.text(), /nodetask_operator/);
    assert.equal((await scrape('Bearer wrong')).status, 401);
    assert.equal((await scrape(`Bearer ${tokens.other}`)).status, 403);
    const { status, body } = await scrape(`Bearer ${tokens.prometheus}`);
    assert.equal(status, 200);
    assert.match(body, /^nodetask_operator_nodetasks\{phase="New"\} 0$/m);
    assert.match(body, /^nodetask_operator_certificate_expiry_timestamp_seconds\{certificate="server"\} [\d.e+]+$/m);
  });

  test('no token, another scheme and a token that is nobody\u2019s are 401', async (t) => {
    const { get } = await startReader(t);
    for (const authorization of [undefined, 'Basic YTpi', 'Bearer ', 'Bearer wrong', `Bearer ${tokens.other}x`]) {
      const { status, headers, body } = await get(authorization);
      assert.equal(status, 401, authorization ?? 'no header');
      assert.equal(headers?.['WWW-Authenticate'], 'Bearer');
      assert.doesNotMatch(body, /nodetask_operator/);
    }
  });

  test('a token without the right is 403, one with it gets the metrics', async (t) => {
    const { get } = await startReader(t);
    const refused = await get(`Bearer ${tokens.other}`);
    assert.equal(refused.status, 403);
    assert.match(refused.body, /nonResourceURLs \[\/metrics\]/);
    const { status, contentType, body } = await get(`Bearer ${tokens.prometheus}`);
    assert.equal(status, 200);
    assert.match(contentType ?? '', /^text\/plain; version=/);
    assert.match(body, /^nodetask_operator_build_info\{version="[\d.]+"\} 1$/m);
  });

  test('a token for others than the API server is nobody\u2019s', async (t) => {
    const { get } = await startReader(t);
    const { token } = await cluster.controlPlane.serviceAccountToken({
      namespace: 'monitoring',
      serviceAccount: 'prometheus',
      audiences: ['nodetask.dev'],
    });
    assert.equal((await get(`Bearer ${token}`)).status, 401);
  });

  test('an answer is remembered for a minute, a refusal for less, and many at once ask once', async (t) => {
    const { get, calls, clock } = await startReader(t);
    const answers = await Promise.all(Array.from({ length: 10 }, async () => get(`Bearer ${tokens.prometheus}`)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(calls(), 2, 'one TokenReview, one SubjectAccessReview');
    await clock.advance(59_000);
    await get(`Bearer ${tokens.prometheus}`);
    assert.equal(calls(), 2);
    await clock.advance(2_000);
    await get(`Bearer ${tokens.prometheus}`);
    assert.equal(calls(), 4);

    await get(`Bearer ${tokens.other}`);
    assert.equal(calls(), 6);
    await clock.advance(11_000);
    assert.equal((await get(`Bearer ${tokens.other}`)).status, 403);
    assert.equal(calls(), 8);
  });

  test('many wrong tokens are a bounded load on the API server, and keep nobody out who is known', async (t) => {
    const { get, calls, clock } = await startReader(t);
    assert.equal((await get(`Bearer ${tokens.prometheus}`)).status, 200);
    const atFirst = calls();
    const answers = await Promise.all(Array.from({ length: 200 }, async (_, index) => get(`Bearer wrong-${index}`)));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(calls() - atFirst <= 20, `${calls() - atFirst} calls`);
    assert.equal(refused.length, 200 - (calls() - atFirst));
    assert.equal(refused[0]?.headers?.['Retry-After'], '1');
    assert.equal((await get(`Bearer ${tokens.prometheus}`)).status, 200);
    await clock.advance(1000);
    assert.equal((await get('Bearer wrong-again')).status, 401);
  });

  test('without the API server nobody is let in who is not known', async (t) => {
    const { get, harness } = await startReader(t);
    await harness.proxy.setMode({ kind: 'refuse' });
    const { status, headers } = await get(`Bearer ${tokens.prometheus}`);
    assert.equal(status, 503);
    assert.equal(headers?.['Retry-After'], '5');
  });
});
