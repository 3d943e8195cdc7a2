import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { agentServerName, trustConfigMap, trustKey } from '@nodetask/shared';
import { type AgentProcess, type Cluster, runCommand, startCluster, waitFor } from '@nodetask/testbed';
import { parseCertificates } from '../src/pki/trust-bundle.ts';
import type { TrustConfigMap } from '../src/pki/trust-config-map.ts';
import { untilFinished } from './support/test-cluster.ts';

/** Operator and agent as processes, with certificates that live 60 s. The tests build on each other. */
let cluster: Cluster;
let agent: AgentProcess;
const lifeMs = 60_000;
const namespace = 'sei';

before(async () => {
  const args = ['--certificate-lifetime-seconds', String(lifeMs / 1000), '--owner-cluster-role', 'nodetask-operator'];
  // The proxies only say where the HTTPS server is.
  cluster = await startCluster({ namespace, tls: true, faultProxies: true, operator: { args } });
  agent = await cluster.createAgentPod('sei-0');
});

after(async () => {
  await cluster.stop();
});

const trust = async (): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${trustConfigMap}`;
  return (await cluster.admin.get<TrustConfigMap>(path))?.data?.[trustKey] ?? '';
};

/** The certificate that a server shows to who connects now. */
const shownBy = async (url: string): Promise<X509Certificate> => {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerX509Certificate();
    assert.ok(certificate !== undefined);
    return certificate;
  } finally {
    socket.destroy();
  }
};

/** Metrics of the operator by their line's text before the value. */
const metrics = async (name: string): Promise<ReadonlyMap<string, number>> => {
  const lines = (await cluster.operator.metrics()).matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, 'gm'));
  return new Map([...lines].map(([, labels = '', value]) => [labels, Number(value)]));
};

const ends = async (): Promise<ReadonlyMap<string, number>> =>
  metrics('nodetask_operator_certificate_expiry_timestamp_seconds');

const runs = async (name: string): Promise<void> => {
  await cluster.applyNodeTask(name, { type: 'mark-ready', target: { podName: 'sei-0' } });
  assert.equal((await untilFinished(cluster, name)).status?.phase, 'Succeeded');
};

/** The status of an answer on a new connection to a server that shows a certificate of this CA. */
const statusOf = async (url: string, ca: string, servername?: string): Promise<number | undefined> => {
  const sent = request(url, { agent: false, ca, ...(servername === undefined ? {} : { servername }) }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
};

test('tasks run over mutual TLS', async () => {
  await runs('first');
  assert.match(agent.url, /^https:/);
  assert.ok((await metrics('nodetask_operator_enrollments_total')).has('code="200"'));
});

test(
  'through renewals of all certificates, and past the end of the first ones, no call fails',
  { timeout: 180_000 },
  async () => {
    const serverUrl = cluster.enrollProxy.url('https');
    const ca = await trust();
    const first = { agent: await shownBy(agent.url), server: await shownBy(serverUrl), ends: await ends() };
    const over = new AbortController();
    const until = async (work: (number: number) => Promise<unknown>): Promise<number> => {
      let done = 0;
      while (!over.signal.aborted) {
        await work(done);
        done += 1;
        // Often enough, on a machine that does other work too.
        await pause(50);
      }
      return done;
    };
    const working = Promise.all([
      until(async (number) => runs(`task-${number}`)),
      until(async () => assert.equal(await statusOf(`${agent.url}/v0/livez`, ca, agentServerName(agent.pod.uid)), 200)),
      until(async () => assert.equal(await statusOf(`${serverUrl}/none`, ca), 404)),
    ]);
    const lastEnd = Math.max(
      ...[first.agent, first.server].map(({ validToDate }) => validToDate.getTime()),
      (first.ends.get('certificate="operator"') ?? Infinity) * 1000,
    );
    const ended = waitFor(() => Date.now() > lastEnd + 2_000, {
      what: 'the first certificates to end',
      timeoutMs: lifeMs + 20_000,
      intervalMs: 200,
    });
    await Promise.race([ended, working]);
    over.abort();
    const counts = await working;
    assert.ok(
      counts.every((count) => count > 20),
      counts.join(),
    );
    const outcomes = [...(await metrics('nodetask_operator_agent_requests_total')).keys()];
    assert.deepEqual(
      outcomes.filter((labels) => !/outcome="20\d"/.test(labels)),
      [],
    );
    assert.notEqual((await shownBy(agent.url)).serialNumber, first.agent.serialNumber);
    assert.notEqual((await shownBy(serverUrl)).serialNumber, first.server.serialNumber);
  },
);

test('the ends of all certificates are in the metrics', async () => {
  const all = await ends();
  const names = ['ca', 'metrics-reader', 'operator', 'server'].map((name) => `certificate="${name}"`);
  assert.deepEqual([...all.keys()].toSorted(), names);
  const [ca] = parseCertificates(await trust());
  assert.equal(all.get('certificate="ca"'), Number(ca?.validToDate) / 1000);
  for (const name of names.slice(1)) {
    const left = (all.get(name) ?? 0) * 1000 - Date.now();
    assert.ok(left > lifeMs / 4 && left <= lifeMs, `${name}: ${left} ms`);
  }
});

test(
  'the commands of docs/certificates.md do what it says, and a CA that is deleted is replaced',
  { timeout: 90_000 },
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
    const [next] = parseCertificates(await trust());
    assert.ok(next !== undefined);
    await waitFor(async () => (await shownBy(agent.url)).verify(next.publicKey), {
      what: 'the agent to have a certificate of it',
      timeoutMs: 30_000,
    });
    await runs('after');
  },
);
