import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as forward, type RequestListener } from 'node:http';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import {
  agentPortAnnotation,
  enrollAudience,
  enrollPath,
  operatorIdentity,
  trustConfigMap,
  trustKey,
} from '@nodetask/shared';
import {
  type AgentProcess,
  type Cluster,
  freePort,
  type OperatorProcess,
  runCommand,
  startCluster,
  waitFor,
} from '@nodetask/testbed';
import { Agent, request } from 'undici';
import { parseCertificates } from '../src/pki/trust-bundle.ts';
import type { TrustConfigMap } from '../src/pki/trust-config-map.ts';
import { EnrolledPeer } from './support/enrolled-peer.ts';
import { untilFinished } from './support/test-cluster.ts';

/**
 * The operator as a process with certificates that live 60 s, and a real agent behind an HTTPS server that has its certificate by enrolment, as long as
 * that is not the agent's own. The tests build on each other.
 */
let cluster: Cluster;
let agent: AgentProcess;
let operator: OperatorProcess;
let front: EnrolledPeer;
let securePort: number;
const lifeMs = 60_000;
const frontPort = 7778;
const namespace = 'sei';

const trust = async (): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${trustConfigMap}`;
  return (await cluster.admin.get<TrustConfigMap>(path))?.data?.[trustKey] ?? '';
};

/** A request to the operator's HTTPS server over a connection of its own, trusting what is published. */
const ask = async (path: string, options: { readonly token?: string; readonly body?: object } = {}) => {
  const { token, body } = options;
  const dispatcher = new Agent({ connect: { ca: await trust() }, allowH2: false });
  try {
    const answer = await request(`https://127.0.0.1:${securePort}${path}`, {
      dispatcher,
      method: body === undefined ? 'GET' : 'POST',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } finally {
    await dispatcher.close();
  }
};

/** What an agent with TLS does: lets the operator in, and nobody else. */
const toAgent: RequestListener = (incoming, answer) => {
  const { subjectaltname } = (incoming.socket as TLSSocket).getPeerCertificate();
  if (subjectaltname !== `URI:${operatorIdentity}`) {
    answer.writeHead(403).end();
    return;
  }
  const { method, headers, url } = incoming;
  const passed = forward(`${agent.url}${url ?? ''}`, { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  passed.on('error', (error) => answer.destroy(error));
  incoming.pipe(passed);
};

before(async () => {
  cluster = await startCluster({ namespace, operator: false });
  // Without a named port, so that the annotation counts.
  const containers = ['node', 'agent'].map((name) => ({ name, image: `testbed/${name}` }));
  agent = await cluster.createAgentPod('sei-0', { spec: { containers } });
  await cluster.admin.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/sei-0`,
    body: { metadata: { annotations: { [agentPortAnnotation]: String(frontPort) } } },
    contentType: 'application/merge-patch+json',
  });
  securePort = await freePort();
  operator = await cluster.startOperator({
    args: `--agent-tls --certificate-lifetime-seconds ${lifeMs / 1000} --secure-listen 127.0.0.1:${securePort} \
      --service-host 127.0.0.1 --owner-cluster-role nodetask-operator`.split(/\s+/),
  });
  await waitFor(async () => (await trust()) !== '', { what: 'the CA to be published', timeoutMs: 20_000 });
  const { token } = await cluster.controlPlane.serviceAccountToken({
    namespace,
    serviceAccount: 'nodetask-agent',
    audiences: [enrollAudience],
    pod: { name: 'sei-0', uid: agent.pod.uid },
  });
  front = await EnrolledPeer.start({
    podUID: agent.pod.uid,
    enroll: async (publicKey) => {
      const { status, text } = await ask(enrollPath, { token, body: { publicKey } });
      assert.equal(status, 200, text);
      return JSON.parse(text) as { certificate: string; notAfter: string };
    },
    readTrust: trust,
    host: new URL(agent.url).hostname,
    port: frontPort,
    listener: toAgent,
  });
});

after(async () => {
  await front[Symbol.asyncDispose]();
  await cluster.stop();
});

const runs = async (name: string): Promise<void> => {
  await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'sei-0' } });
  assert.equal((await untilFinished(cluster, name)).status?.phase, 'Succeeded');
};

/** Outcomes of the calls to agents so far. */
const outcomes = async (): Promise<readonly string[]> =>
  [...(await operator.metrics()).matchAll(/^nodetask_operator_agent_requests_total\{.*outcome="([^"]+)"\}/gm)].map(
    ([, outcome = '']) => outcome,
  );

test('tasks run over mutual TLS', async () => {
  await runs('first');
  assert.match(await operator.metrics(), /^nodetask_operator_enrollments_total\{code="200"\} 1$/m);
});

test(
  'through renewals of all certificates, and past the end of the first ones, no call fails',
  { timeout: 180_000 },
  async () => {
    const first = new X509Certificate(front.certificate);
    const over = new AbortController();
    const until = async (work: (number: number) => Promise<void>): Promise<number> => {
      let done = 0;
      while (!over.signal.aborted) {
        await work(done);
        done += 1;
        // Often enough for a machine that does other work too.
        await pause(50);
      }
      return done;
    };
    const working = Promise.all([
      until(async (number) => runs(`task-${number}`)),
      until(async () => assert.equal((await ask('/none')).status, 404)),
    ]);
    const ended = waitFor(() => Date.now() > first.validToDate.getTime() + 2_000 && front.renewals >= 1, {
      what: 'the first certificates to end',
      timeoutMs: lifeMs + 20_000,
      intervalMs: 200,
    });
    await Promise.race([ended, working]);
    await ended;
    over.abort();
    const [tasks, requests] = await working;
    assert.ok(tasks > 20 && requests > 100, `${tasks} tasks, ${requests} requests`);
    assert.deepEqual(
      [...new Set(await outcomes())].filter((outcome) => !/^20\d$/.test(outcome)),
      [],
    );
    assert.deepEqual(front.peer.failures, []);
    const shown = new Set(front.peer.clients.map(({ serialNumber }) => serialNumber));
    assert.ok(shown.size >= 2, 'the operator has shown more than one certificate');
  },
);

test('the ends of all certificates are in the metrics', async () => {
  const metrics = await operator.metrics();
  const name = 'nodetask_operator_certificate_expiry_timestamp_seconds';
  const lines = metrics.matchAll(new RegExp(`^${name}\\{certificate="([^"]+)"\\} (\\S+)$`, 'gm'));
  const ends: Readonly<Record<string, number>> = Object.fromEntries(
    [...lines].map(([, certificate = '', at]) => [certificate, Number(at)] as const),
  );
  assert.deepEqual(Object.keys(ends).toSorted(), ['ca', 'metrics-reader', 'operator', 'server']);
  const [ca] = parseCertificates(await trust());
  assert.equal(ends['ca'], Number(ca?.validToDate) / 1000);
  for (const certificate of ['operator', 'server', 'metrics-reader']) {
    const left = (ends[certificate] ?? 0) * 1000 - Date.now();
    assert.ok(left > lifeMs / 4 && left <= lifeMs, `${certificate}: ${left} ms`);
  }
});

test(
  'the commands of docs/certificates.md do what it says, and a CA that is deleted is replaced',
  { timeout: 60_000 },
  async () => {
    const page = await readFile(new URL('../../docs/certificates.md', import.meta.url), 'utf8');
    const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
      block.trim().split('\n'),
    );
    const { kubectlProgram, adminKubeconfig } = cluster.controlPlane;
    const prepared = `export KUBECONFIG='${adminKubeconfig}' PATH='${dirname(kubectlProgram)}':"$PATH"`;
    const former = await trust();
    const said: string[] = [];
    for (const command of commands) {
      const { code, stdout, stderr } = await runCommand('sh', ['-c', `${prepared}; ${command}`]);
      assert.equal(code, 0, `${command}: ${stderr}`);
      said.push(stdout);
    }
    assert.equal(said.length, 3);
    const [ca = '', trusted = '', deleted = ''] = said;
    assert.match(ca, /^subject=CN = NodeTask CA [0-9a-f]{16}\nnotAfter=/);
    assert.match(trusted, /subject=CN = NodeTask CA [0-9a-f]{16}\n/);
    assert.match(deleted, /secret "nodetask-ca" deleted/);

    await waitFor(async () => ![former, ''].includes(await trust()), { what: 'a new CA', timeoutMs: 20_000 });
    await waitFor(async () => front.trust === (await trust()), { what: 'the agent to know it', timeoutMs: 10_000 });
    await runs('after');
  },
);
