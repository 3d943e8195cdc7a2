import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { agentServerName, anyAgentServerName } from '@nodetask/shared';
import { CertificateAuthority, type IssuedCertificate } from '@nodetask/testbed';
import { AgentLauncher } from './support/agent-launcher.ts';
import { beginTlsCall, callTls, OneConnection } from './support/tls/call-tls.ts';
import { EnrollServer } from './support/tls/enroll-server.ts';

/** The real agent over real TLS, with certificates from a real HTTPS server in the operator's place, or from files. */

const podUID = '7c0a4d6e-0f6b-4a53-8a55-0a2f1f0f7a11';
const token = 'token-of-the-pod';
const ca = await CertificateAuthority.create();
const operator = await ca.operator();
const verify = { ca: ca.certificate, serverName: agentServerName(podUID) };

let folder = '';
let launcher: AgentLauncher;
let server: EnrollServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-agent-tls-'));
  launcher = new AgentLauncher(folder);
  server = await EnrollServer.start({ ca, podUID });
  write('token', token);
  write('ca.crt', ca.certificate);
});
afterEach(async () => {
  await launcher[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string): void => {
  writeFileSync(join(folder, 'new'), content);
  renameSync(join(folder, 'new'), join(folder, name));
};

const enrolling = () => ({
  NODETASK_ENROLL_URL: server.url,
  NODETASK_ENROLL_TOKEN_FILE: join(folder, 'token'),
  NODETASK_TRUST_FILE: join(folder, 'ca.crt'),
  NODETASK_IDENTITY_DIR: join(folder, 'identity'),
  POD_UID: podUID,
});

const issued = 'the operator has issued a certificate';

test('probes are answered from the start; the operator finds the agent once that has its certificate', async () => {
  server.answer = (_call, response) => response.writeHead(503).end();
  const agent = launcher.launch(enrolling());
  const port = await agent.port();
  for (const [path, status] of [
    ['/v0/livez', 200],
    ['/v0/healthz', 503],
    ['/v0/startupz', 503],
    ['/v0/tasks', 401],
  ] as const) {
    assert.equal((await callTls({ port }, { path })).status, status, path);
  }
  await assert.rejects(callTls({ port, certificate: operator, verify }, { path: '/v0/tasks' }), /self-signed/);

  server.answer = server.issue();
  await agent.line(issued);
  assert.equal((await callTls({ port, certificate: operator, verify }, { path: '/v0/tasks' })).status, 200);
  const another = { ...verify, serverName: agentServerName('another-pod') };
  await assert.rejects(callTls({ port, certificate: operator, verify: another }, { path: '/v0/tasks' }), /altname/);

  const scraper = {
    port,
    certificate: await ca.metricsReader(),
    verify: { ...verify, serverName: anyAgentServerName },
  };
  const { text } = await callTls(scraper, { path: '/v0/metrics' });
  const end = /^nodetask_agent_certificate_expiry_timestamp_seconds (\S+)$/m.exec(text)?.[1];
  assert.ok(Number(end) > Date.now() / 1000, text);
  assert.match(text, /^nodetask_agent_certificate_requests_total\{result="issued"\} 1$/m);
  assert.match(text, /^nodetask_agent_certificate_requests_total\{result="refused"\} [1-9]/m);
  assert.equal((await callTls(scraper, { path: '/v0/tasks' })).status, 401);
});

test('certificates that live seconds are renewed without a dropped connection', { timeout: 120_000 }, async () => {
  // Renewed 4 s before the end: time enough for a busy machine.
  const lifeMs = 12_000;
  server.answer = server.issue(() => ({ notAfter: new Date(Date.now() + lifeMs) }));
  const agent = launcher.launch(enrolling());
  const port = await agent.port();
  await agent.line(issued);
  const client = { port, certificate: operator, verify };
  const { text } = await callTls(client, {
    method: 'POST',
    path: '/v0/tasks',
    body: JSON.stringify({ type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } }),
  });
  const { id } = JSON.parse(text) as { readonly id: string };

  const kept = new OneConnection(operator);
  const stream = await beginTlsCall(client, { path: `/v0/tasks/${id}/watch` });
  let events = '';
  let ended = false;
  stream.setEncoding('utf8').on('data', (chunk: string) => (events += chunk));
  stream.once('close', () => (ended = true));

  const serials = new Set<string>();
  let requests = 0;
  while (serials.size < 3) {
    const fresh = await callTls(client, { path: '/v0/status' });
    assert.equal(fresh.status, 200);
    serials.add(fresh.peer?.serialNumber ?? '');
    const same = await callTls({ ...client, agent: kept }, { path: '/v0/status' });
    assert.equal(same.status, 200);
    requests++;
    assert.equal(ended, false, 'the stream goes on');
  }
  assert.deepEqual([kept.connections, requests > 10], [1, true]);
  const changed = await callTls(
    { ...client, agent: kept },
    { method: 'PUT', path: `/v0/tasks/${id}/schedule`, body: JSON.stringify({ cron: '1 4 * * *' }) },
  );
  assert.equal(changed.status, 200);
  while (!events.includes('1 4 * * *')) await once(stream, 'data');
  kept.destroy();
  stream.destroy();
});

test('after kill -9, and with the operator away, the agent is who it was', async () => {
  const env = enrolling();
  const first = launcher.launch(env);
  const before = await first.line(issued);
  const identity = join(folder, 'identity', 'identity.pem');
  const port = await first.port();
  // What is shown is stored, as soon as the disk has it.
  const { peer } = await callTls({ port, certificate: operator, verify }, { path: '/v0/status' });
  while (statSync(identity, { throwIfNoEntry: false }) === undefined) {
    await callTls({ port }, { path: '/v0/livez' });
  }
  first.child.kill('SIGKILL');
  await first.ended;
  await server[Symbol.asyncDispose]();

  const second = launcher.launch(env);
  const again = await callTls({ port: await second.port(), certificate: operator, verify }, { path: '/v0/status' });
  assert.equal(again.status, 200);
  assert.equal(again.peer?.serialNumber, peer?.serialNumber);
  assert.equal((await second.line('showing the certificate that is stored'))['serialNumber'], before['serialNumber']);

  assert.equal(statSync(identity).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'identity')).mode & 0o777, 0o700);
  const [key = ''] =
    /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(readFileSync(identity, 'utf8')) ?? [];
  assert.ok(key.length > 100);
  const secret = key.split('\n')[1] ?? '';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  assert.ok(files.includes('.nodetask/journal.sqlite'));
  assert.deepEqual(
    files.filter((name) => readFileSync(join(folder, name), 'latin1').includes(secret)),
    ['identity/identity.pem'],
  );
  for (const said of [first.stdout(), first.stderr(), second.stdout(), second.stderr(), JSON.stringify(server.calls)]) {
    assert.ok(!said.includes(secret) && !said.includes('PRIVATE KEY'));
  }
  assert.ok(!(first.stdout() + second.stdout()).includes(token));
});

test('files that somebody else writes: changes of certificate and CAs are seen, connections go on', async () => {
  const show = ({ certificate, key }: IssuedCertificate): void => {
    write('tls.key', key);
    write('tls.crt', certificate);
  };
  show(await ca.agent(podUID));
  const agent = launcher.launch({
    NODETASK_TLS_CERT_FILE: join(folder, 'tls.crt'),
    NODETASK_TLS_KEY_FILE: join(folder, 'tls.key'),
    NODETASK_TRUST_FILE: join(folder, 'ca.crt'),
  });
  const port = await agent.port();
  const kept = new OneConnection(operator);
  const client = { port, certificate: operator, verify };
  const ask = async () => (await callTls({ ...client, agent: kept }, { path: '/v0/status' })).status;
  assert.equal(await ask(), 200);

  const next = await ca.agent(podUID);
  show(next);
  await agent.line('showing the certificate of the changed file');
  assert.equal((await callTls(client, { path: '/v0/status' })).peer?.toString(), next.certificate);
  assert.deepEqual([await ask(), kept.connections], [200, 1]);

  const successor = await CertificateAuthority.create({ commonName: 'successor' });
  const seen = agent.lines.length;
  write('ca.crt', successor.certificate);
  await agent.line('trusting the CAs of the trust file', seen);
  assert.equal(await ask(), 401);
  const trusted = { port, certificate: await successor.operator(), verify };
  assert.equal((await callTls(trusted, { path: '/v0/status' })).status, 200);
  kept.destroy();
});

test('SIGTERM while the operator is silent and a client is stuck in its handshake', async () => {
  server.answer = () => undefined;
  const agent = launcher.launch({ ...enrolling(), NODETASK_GRACE_SECONDS: '10' });
  const port = await agent.port();
  await server.untilCalls(1);
  const stuck = connect(port, '127.0.0.1');
  await once(stuck, 'connect');
  assert.equal((await callTls({ port }, { path: '/v0/livez' })).status, 200);
  const stopped = performance.now();
  agent.child.kill('SIGTERM');
  assert.equal(await agent.ended, 0, agent.stderr());
  assert.ok(performance.now() - stopped < 9000);
  stuck.destroy();
});
