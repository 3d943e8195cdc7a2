import assert from 'node:assert/strict';
import { createPublicKey, randomUUID, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { trustConfigMap, trustKey } from '@nodetask/shared';
import { type ControlPlane, freePort, installRights, startControlPlane, waitFor } from '@nodetask/testbed';
import { AgentHTTP } from '../src/agents/agent-http.ts';
import type { AgentPod } from '../src/agents/agent-pod.ts';
import { AgentToken } from '../src/agents/agent-token.ts';
import { TLSConnections } from '../src/agents/tls-connections.ts';
import { parseCertificates } from '../src/pki/trust-bundle.ts';
import type { TrustConfigMap } from '../src/pki/trust-config-map.ts';
import { runSecureServer } from '../src/secure-server/run-secure-server.ts';
import type { SecureRoute } from '../src/secure-server/secure-route.ts';
import { recordLog } from './support/recording.ts';
import { EnrolledPeer } from './support/enrolled-peer.ts';
import { operatorNamespace, Replica } from './support/replica.ts';

/**
 * Certificates and CA that live for seconds, under constant calls: of the operator to an agent, by the agent's name, and of the API server to the
 * operator's webhook. Nobody is to notice.
 */
let cluster: ControlPlane;
const mark = 'nodetask.dev/seen';

before(async () => {
  cluster = await startControlPlane();
  for (const namespace of [operatorNamespace, 'sei']) await cluster.createNamespace(namespace);
  await installRights(cluster.admin);
});

after(async () => cluster.stop());

/** Whether a CA has signed a certificate (PEM). */
const isOf = (ca: X509Certificate, cert: string): boolean => new X509Certificate(cert).verify(ca.publicKey);

/** Marks what it is asked about. */
const marking: SecureRoute = {
  method: 'POST',
  path: '/mutate-pods',
  maxBodyBytes: 1024 * 1024,
  handle: async ({ body }) => {
    const { request } = JSON.parse(body) as { readonly request: { readonly uid: string } };
    const patch = [{ op: 'add', path: `/metadata/annotations`, value: { [mark]: 'yes' } }];
    const response = {
      uid: request.uid,
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    };
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
    return Promise.resolve({ status: 200, body: JSON.stringify(review) });
  },
};

const applyWebhook = async (port: number): Promise<void> => {
  await cluster.admin.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'nodetask' },
    webhooks: ['one', 'two'].map((name) => ({
      name: `${name}.nodetask.dev`,
      clientConfig: { url: `https://127.0.0.1:${port}/mutate-pods` },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      objectSelector: { matchLabels: { asks: name } },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 5,
    })),
  } as Parameters<typeof cluster.admin.apply>[0]);
};

/** Has the API server ask the webhook; throws where that fails. */
const ask = async (which: 'one' | 'two'): Promise<void> => {
  const { metadata } = await cluster.admin.request({
    method: 'POST',
    path: '/api/v1/namespaces/sei/configmaps?dryRun=All',
    body: { metadata: { name: 'asks', labels: { asks: which } } },
  });
  assert.equal(metadata.annotations?.[mark], 'yes');
};

const trust = async (): Promise<string> => {
  const path = `/api/v1/namespaces/sei/configmaps/${trustConfigMap}`;
  return (await cluster.admin.get<TrustConfigMap>(path))?.data?.[trustKey] ?? '';
};

const podAt = (port: number, uid: string): AgentPod => ({
  metadata: { name: 'sei-0', namespace: 'sei', uid, resourceVersion: '1' },
  labels: {},
  createdAt: 0,
  address: { host: '127.0.0.1', port },
  pulse: '',
  restarts: 0,
});

const enrolledAgent = async (operator: Replica): Promise<EnrolledPeer> => {
  const podUID = randomUUID();
  return EnrolledPeer.start({
    podUID,
    enroll: async (publicKey) => {
      const leaf = operator.certificates.issueForAgent(podUID, createPublicKey(publicKey));
      assert.ok(leaf !== undefined);
      return Promise.resolve({ certificate: leaf.certificateText, notAfter: leaf.chain[0].validToDate.toISOString() });
    },
    readTrust: trust,
  });
};

/** Makes calls without pause, each as soon as the one before has ended, until disposed, which throws the first failure. */
class Callers implements AsyncDisposable {
  readonly #counts: number[];
  readonly #end = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(calls: readonly (() => Promise<unknown>)[]) {
    this.#counts = calls.map(() => 0);
    this.#running = Promise.all(calls.map(async (call, index) => this.#run(call, index)));
    this.#running.catch(() => undefined);
  }

  /** How often the one was made that was made least. */
  get least(): number {
    return Math.min(...this.#counts);
  }

  /** Waits for `condition`, or for a failure of the calls, which it throws. */
  async until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
    const waiting = waitFor(async () => condition(), { what, timeoutMs, intervalMs: 20, signal: this.#end.signal });
    await Promise.race([waiting, this.#running]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(call: () => Promise<unknown>, index: number): Promise<void> {
    while (!this.#end.signal.aborted) {
      await call();
      this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    }
  }
}

test('leaves are renewed and the CA is handed over, and no call of anybody fails', { timeout: 120_000 }, async () => {
  const caLifetimeMs = 18_000;
  const certificateLifetimeMs = 3_000;
  const options = {
    ca: { lifetimeMs: caLifetimeMs },
    certificateLifetimeMs,
    webhookName: 'nodetask',
    agentNamespaces: () => ['sei'],
  };
  const port = await freePort();
  await applyWebhook(port);
  await using leader = await (await Replica.start(cluster, options)).ready();
  await using follower = await (await Replica.start(cluster, { ...options, leads: false })).ready();

  const { logger } = recordLog();
  const serving = new AbortController();
  const server = { address: { host: '127.0.0.1', port }, routes: [marking], clock: systemClock, logger };
  const served = runSecureServer({ ...server, own: leader.certificates.own }, serving.signal);
  try {
    const first = leader.shown.ca;
    await waitFor(async () => (await trust()) === first, { what: 'the CA to be published', timeoutMs: 10_000 });
    for (const which of ['one', 'two'] as const) {
      // The API server follows changes of the configuration within moments.
      await waitFor(
        async () =>
          ask(which).then(
            () => true,
            () => false,
          ),
        { what: `webhook ${which}`, timeoutMs: 10_000 },
      );
    }

    await using agent = await enrolledAgent(leader);
    await using http = new AgentHTTP({
      connections: new TLSConnections(() => leader.certificates.own.material('operator')),
      token: new AgentToken(undefined, systemClock),
      fence: { value: 1 },
      clock: systemClock,
    });
    const pod = podAt(agent.peer.port, agent.podUID);
    const { signal } = new AbortController();
    await using calls = new Callers([
      async () => http.call(pod, { method: 'GET', path: '/v0/status' }, signal),
      async () => http.call(pod, { method: 'DELETE', path: '/v0/tasks/1' }, signal),
      async () => ask('one'),
      async () => ask('two'),
    ]);

    const [former] = parseCertificates(first);
    assert.ok(former !== undefined);
    const seen = new Set<string>();
    await calls.until('leaves to be renewed', () => {
      seen.add(leader.shown.cert);
      return seen.size >= 3 && agent.renewals >= 2;
    });

    await calls.until('the next CA to be trusted', () => parseCertificates(leader.shown.ca).length === 2);
    const next = parseCertificates(leader.shown.ca).find(
      ({ fingerprint256 }) => fingerprint256 !== former.fingerprint256,
    );
    assert.ok(next !== undefined);
    await calls.until('it to be published', async () => (await trust()).includes(next.toString()));
    for (const { shown } of [leader, follower]) assert.ok(isOf(former, shown.cert), 'it signs nothing before');

    const everybody = (): readonly string[] => [leader.shown.cert, follower.shown.cert, agent.certificate];
    await calls.until('it to sign for everybody', () => everybody().every((cert) => isOf(next, cert)));
    assert.ok(agent.trust.includes(former.toString()), 'the former one is trusted meanwhile');
    await calls.until('the former one to be forgotten', async () => {
      const trusted = [await trust(), leader.shown.ca, follower.shown.ca, agent.trust];
      return trusted.every((text) => !text.includes(former.toString()));
    });
    const enough = calls.least + 20;
    await calls.until('more calls', () => calls.least >= enough);
    assert.deepEqual(agent.peer.failures, []);
    assert.deepEqual(
      leader.lines.filter(({ level }) => level === 'error' || level === 'warn'),
      [],
    );
  } finally {
    serving.abort(new Error('the test is over'));
    await served;
  }
});
