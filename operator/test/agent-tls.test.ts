import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { agentServerName } from '@nodetask/shared';
import { freePort, waitFor } from '@nodetask/testbed';
import { AgentError } from '../src/agents/agent-error.ts';
import { AgentHTTP } from '../src/agents/agent-http.ts';
import type { AgentPod } from '../src/agents/agent-pod.ts';
import { AgentToken } from '../src/agents/agent-token.ts';
import { TLSConnections } from '../src/agents/tls-connections.ts';
import { keyText } from '../src/pki/ca-secret.ts';
import { type CertificateAuthority, createAuthority } from '../src/pki/certificate-authority.ts';
import { issueLeaf } from '../src/pki/leaf.ts';
import type { TLSMaterial } from '../src/pki/own-certificates.ts';
import { agentProfile, operatorProfile, type Profile } from '../src/pki/profiles.ts';
import { certificatesText } from '../src/pki/trust-bundle.ts';
import { signCertificate } from '../src/pki/x509/sign-certificate.ts';
import { FrozenServer } from './support/frozen-server.ts';
import { type PeerIdentity, TLSPeer } from './support/tls-peer.ts';

/** The operator's client of agents over TLS, with HTTPS servers whose certificates a CA of the operator has signed. */
const { signal } = new AbortController();
const hour = 3_600_000;
const ca = createAuthority(Date.now(), 24 * hour);

const material = (
  profile: Profile,
  {
    by = ca,
    trusted = [ca],
    now = Date.now(),
    lifetimeMs = hour,
  }: {
    readonly by?: CertificateAuthority;
    readonly trusted?: readonly CertificateAuthority[];
    readonly now?: number;
    readonly lifetimeMs?: number;
  } = {},
): TLSMaterial & PeerIdentity => {
  const leaf = issueLeaf(profile, { ca: by, now, lifetimeMs });
  return {
    cert: leaf.certificateText,
    key: leaf.keyText,
    ca: certificatesText(trusted.map(({ certificate }) => certificate)),
  };
};

const podAt = (port: number, uid: string = randomUUID(), host = '127.0.0.1'): AgentPod => ({
  metadata: { name: 'sei-0', namespace: 'sei', uid, resourceVersion: '1' },
  labels: {},
  createdAt: 0,
  address: { host, port },
  pulse: '',
  restarts: 0,
});

interface Client extends AsyncDisposable {
  readonly get: (pod: AgentPod, path?: string) => Promise<unknown>;
}

const clientWith = (shown: () => TLSMaterial | undefined): Client => {
  const http = new AgentHTTP({
    connections: new TLSConnections(shown),
    token: new AgentToken(undefined, systemClock),
    fence: { value: 1 },
    clock: systemClock,
  });
  return {
    get: async (pod, path = '/v0/status') => {
      const { body } = await http.call(pod, { method: 'GET', path }, signal);
      return JSON.parse(body) as unknown;
    },
    [Symbol.asyncDispose]: async () => http.close(),
  };
};

const operator = material(operatorProfile);

const fails = async (
  calling: Promise<unknown>,
  expected: RegExp,
  why: AgentError['why'] | 'unreachable' = 'untrusted',
): Promise<void> => {
  await assert.rejects(calling, (error) => {
    assert.ok(error instanceof AgentError, String(error));
    assert.equal(error.kind, 'silent');
    assert.equal(
      error.why ?? 'unreachable',
      why,
      `${error.message}: ${String((error.cause as { code?: string } | undefined)?.code)}`,
    );
    assert.match(error.message, expected);
    return true;
  });
};

test('an agent is called by the name of its pod, and sees who calls', async () => {
  const uid = randomUUID();
  await using peer = await TLSPeer.start(material(agentProfile(uid)));
  await using client = clientWith(() => operator);
  assert.deepEqual(await client.get(podAt(peer.port, uid)), { caller: 'URI:spiffe://nodetask.dev/operator' });
  assert.equal(peer.clients[0]?.serverName, agentServerName(uid));
});

test('many calls go over few connections', async () => {
  const uid = randomUUID();
  await using peer = await TLSPeer.start(material(agentProfile(uid)));
  await using client = clientWith(() => operator);
  await Promise.all(Array.from({ length: 50 }, async () => client.get(podAt(peer.port, uid))));
  await client.get(podAt(peer.port, uid));
  assert.equal(peer.requests.length, 51);
  assert.ok(peer.clients.length <= 4, `${peer.clients.length} connections`);
});

test('an address of IPv6 is one too', async () => {
  const uid = randomUUID();
  await using peer = await TLSPeer.start({ ...material(agentProfile(uid)), host: '::1' });
  await using client = clientWith(() => operator);
  await client.get(podAt(peer.port, uid, '::1'));
});

test('an agent with the certificate of another pod is not called', async () => {
  const other = randomUUID();
  await using peer = await TLSPeer.start(material(agentProfile(other)));
  await using client = clientWith(() => operator);
  const where = `127\\.0\\.0\\.1:${peer.port}`;
  const expected = new RegExp(
    `^the agent of pod sei-0 at ${where} shows a certificate for another pod \\(DNS:${other}.*restart the pod$`,
  );
  await fails(client.get(podAt(peer.port)), expected);
  assert.deepEqual(peer.requests, []);
});

test('a connection to a pod is not used for the pod that has its address now', async () => {
  const [before, after] = [randomUUID(), randomUUID()];
  await using peer = await TLSPeer.start(material(agentProfile(before)));
  await using client = clientWith(() => operator);
  await client.get(podAt(peer.port, before));
  await fails(client.get(podAt(peer.port, after)), /another pod/);
  peer.show(material(agentProfile(after)));
  await client.get(podAt(peer.port, after));
  assert.deepEqual(
    peer.clients.map(({ serverName }) => serverName),
    [before, after].map(agentServerName),
  );
});

const uid = randomUUID();
const stranger = createAuthority(Date.now(), hour);

const signedByItself = (): TLSMaterial => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const life = { notBefore: Date.now() - hour, notAfter: Date.now() + hour };
  const certificate = signCertificate({ ...agentProfile(uid), ...life, publicKey }, { privateKey });
  return { ...operator, cert: certificatesText([certificate]), key: keyText(privateKey) };
};

const faults: Record<string, { shows: TLSMaterial; says: RegExp }> = {
  'that no CA of ours has signed': {
    shows: material(agentProfile(uid), { by: stranger }),
    says: /^the agent of pod sei-0 at .* that no CA of ours has signed: .*nodetask-trust/,
  },
  'that is signed by itself': { shows: signedByItself(), says: /that no CA of ours has signed/ },
  'that has ended': {
    shows: material(agentProfile(uid), { now: Date.now() - 2 * hour }),
    says: /that has ended: look into its log/,
  },
  'that has not begun': {
    shows: material(agentProfile(uid), { now: Date.now() + 2 * hour }),
    says: /that has not begun: compare the clocks/,
  },
  'that is for a client': {
    shows: material({ ...agentProfile(uid), use: 'client' }),
    says: /that is not for a server/,
  },
};
for (const [what, { shows, says }] of Object.entries(faults)) {
  test(`an agent with a certificate ${what} is not called`, async () => {
    await using peer = await TLSPeer.start(shows);
    await using client = clientWith(() => operator);
    await fails(client.get(podAt(peer.port, uid)), says);
    assert.deepEqual(peer.requests, []);
  });
}

test('an agent that speaks no TLS is told apart', async () => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using client = clientWith(() => operator);
  const { port } = server.address() as AddressInfo;
  await fails(client.get(podAt(port)), /does not speak TLS: .*--agent-tls/);
  server.close();
  await once(server, 'close');
});

test('an agent that hangs is told from one that cannot be reached, by its address and the stage', async () => {
  await using frozen = await FrozenServer.start();
  await using client = clientWith(() => operator);
  const where = `the agent of pod sei-0 at 127\\.0\\.0\\.1:${frozen.port}`;
  await fails(
    client.get(podAt(frozen.port)),
    new RegExp(`^${where} took the connection, and not its TLS handshake within 4 s: it hangs`),
    'unreachable',
  );
  await frozen.fill();
  await fails(
    client.get(podAt(frozen.port)),
    new RegExp(`^no connection to ${where} within 5 s: a NetworkPolicy or firewall may keep the operator from it`),
    'unreachable',
  );
});

test('an agent that does not accept the certificate of the operator says so in TLS', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-alert-'));
  context.after(async () => rm(folder, { recursive: true }));
  const shown = material(agentProfile(uid), { trusted: [stranger] });
  for (const name of ['cert', 'key', 'ca'] as const) await writeFile(join(folder, name), shown[name]);
  const port = await freePort();
  const args = `s_server -accept 127.0.0.1:${port} -cert cert -key key -CAfile ca -Verify 1 -verify_return_error -www`;
  const server = spawn('openssl', args.split(' '), { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  context.after(() => server.kill('SIGKILL'));
  let said = '';
  for await (const chunk of server.stdout) {
    said += String(chunk);
    if (said.includes('ACCEPT')) break;
  }
  await using client = clientWith(() => operator);
  await fails(
    client.get(podAt(port, uid)),
    /^the agent of pod sei-0 at .* does not accept the certificate of the operator \(ERR_SSL_\w*ALERT\w*\): .*nodetask-trust/,
  );
});

test('nobody is called before the operator has a certificate', async () => {
  await using client = clientWith(() => undefined);
  await fails(client.get(podAt(1)), /no certificate yet/);
});

test('new certificates end no call, and the connections of the former ones go when their calls have ended', async () => {
  const held: ServerResponse[] = [];
  await using peer = await TLSPeer.start({
    ...material(agentProfile(uid)),
    listener: (request, response) => {
      if (request.url === '/held') held.push(response);
      else response.end('{}');
    },
  });
  let shown = operator;
  await using client = clientWith(() => shown);
  const pod = podAt(peer.port, uid);
  await client.get(pod);
  const holding = client.get(pod, '/held');
  await waitFor(() => held.length === 1, { what: 'the call to be held', timeoutMs: 5_000, intervalMs: 5 });

  shown = material(operatorProfile);
  peer.show(material(agentProfile(uid)));
  await client.get(pod);
  assert.equal(new Set(peer.clients.map(({ serialNumber }) => serialNumber)).size, 2);
  assert.equal(peer.open, 2, 'the held call has its connection, with the former certificate');

  held[0]?.end('{"held":true}');
  assert.deepEqual(await holding, { held: true });
  await waitFor(() => peer.open === 1, { what: 'the former connection to be closed', timeoutMs: 5_000, intervalMs: 5 });
});

test('a CA is followed by another under constant calls, and none fails', { timeout: 60_000 }, async () => {
  const next = createAuthority(Date.now(), hour);
  await using peer = await TLSPeer.start(material(agentProfile(uid)));
  let shown = operator;
  await using client = clientWith(() => shown);
  const pod = podAt(peer.port, uid);

  const over = new AbortController();
  let calls = 0;
  const calling = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) {
      await client.get(pod);
      calls += 1;
    }
  });
  const somecalls = async (): Promise<void> => {
    const enough = calls + 40;
    await waitFor(() => calls >= enough, { what: 'calls', timeoutMs: 20_000, intervalMs: 5 });
  };

  const both = [ca, next];
  // Each side in turn, as it comes to each: trusts the next one, is signed by it, forgets the first.
  const steps: (() => void)[] = [
    () => (shown = material(operatorProfile, { trusted: both })),
    () => peer.show(material(agentProfile(uid), { trusted: both })),
    () => (shown = material(operatorProfile, { by: next, trusted: both })),
    () => peer.show(material(agentProfile(uid), { by: next, trusted: both })),
    () => peer.show(material(agentProfile(uid), { by: next, trusted: [next] })),
    () => (shown = material(operatorProfile, { by: next, trusted: [next] })),
  ];
  for (const step of steps) {
    await Promise.race([somecalls(), ...calling]);
    step();
  }
  await somecalls();
  over.abort();
  await Promise.all(calling);
  assert.deepEqual(peer.failures, []);
});
