import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, type RequestOptions, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { CertificateAuthority } from '@nodetask/testbed';
import { AgentLauncher, type LaunchedAgent } from './support/agent-launcher.ts';
import { HeldConnections, type HeldConnectionsOptions } from './support/held-connections.ts';

/** The real agent while somebody without credentials holds more connections than it takes, on both listeners. */

let folder = '';
let launcher: AgentLauncher;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-held-'));
  launcher = new AgentLauncher(folder);
});
afterEach(async () => {
  await launcher[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const token = 'secret-token';
const rounds = 3;
/** The first is the one of the kubelet and the operator of these tests. */
const addresses = ['127.0.0.1', '127.8.0.2', '127.8.0.3', '127.8.0.4', '127.8.0.5', '127.8.0.6', '127.8.0.7'];

const livez = 'GET /v0/livez HTTP/1.1\r\nHost: x\r\n\r\n';
/** Of connections that wait for more: silent, or slow with their headers. */
const waiting = ['', livez.slice(0, 20)];
/** Of those that had an answer, asked for too much, or speak something else. */
const answered = [
  livez,
  livez.replace('livez', 'status'),
  'POST /v0/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  Buffer.from([22, 3, 1, 0, 200, 1]),
];

/** The status, within the time that the kubelet gives a probe: on a connection of its own, or by the agent of the options. */
const statusOf = async (request: typeof httpsRequest, options: RequestOptions): Promise<number | undefined> => {
  const call = request({ host: '127.0.0.1', agent: false, signal: AbortSignal.timeout(5_000), ...options }).end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
  return response.statusCode;
};

interface Attacked {
  readonly agent: LaunchedAgent;
  readonly held: readonly Omit<HeldConnectionsOptions, 'addresses'>[];
  /** Asks the API as somebody who may, on a new connection or on one that is kept. */
  readonly call: (path: string, on: 'new' | 'kept') => Promise<number | undefined>;
}

/** Holds the connections, and asks all the while. */
const staysReachable = async ({ agent, held, call }: Attacked): Promise<void> => {
  using stack = new DisposableStack();
  const attackers = held.map((options) => stack.use(new HeldConnections({ ...options, addresses })));
  const port = await agent.probePort();
  const probe = async (path: string) => statusOf(httpRequest, { port, path });
  assert.equal(await call('/v0/status', 'kept'), 200);
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(attackers.map(async (attacker) => attacker.fill()));
    assert.deepEqual([await probe('/v0/livez'), await probe('/v0/startupz')], [200, 503]);
    assert.equal(await call('/v0/status', 'new'), 200);
    assert.equal(await call('/v0/status', 'kept'), 200);
  }
  const told = agent.lines.filter(({ message }) => message === 'a connection was cut');
  assert.deepEqual(new Set(told.map(({ listener }) => listener)), new Set(['api', 'probes']));
  assert.ok(agent.lines.length < 20, `${String(agent.lines.length)} lines of log`);
};

const timeout = 60_000;

describe('the agent stays reachable for the kubelet and the operator while connections are held', { timeout }, () => {
  test('with a bearer token', async () => {
    const agent = launcher.launch({ NODETASK_TOKEN_FILE: file('token', token) });
    const [port, probes] = [await agent.port(), await agent.probePort()];
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { Authorization: `Bearer ${token}` };
    await staysReachable({
      agent,
      held: [
        { port, count: 340, words: waiting },
        { port, count: 20, words: answered },
        { port: probes, count: 180, words: waiting },
      ],
      call: async (path, on) =>
        statusOf(httpRequest, { port, path, headers, ...(on === 'kept' ? { agent: kept } : {}) }),
    });
    kept.destroy();
  });

  test('with TLS, where they are silent, half a handshake, or a whole one without a certificate', async () => {
    const ca = await CertificateAuthority.create();
    const [own, operator] = [await ca.agent('pod-uid-1'), await ca.operator()];
    const agent = launcher.launch({
      NODETASK_TLS_CERT_FILE: file('tls.crt', own.certificate),
      NODETASK_TLS_KEY_FILE: file('tls.key', own.key),
      NODETASK_TRUST_FILE: file('ca.crt', ca.certificate),
    });
    const [port, probes] = [await agent.port(), await agent.probePort()];
    const kept = new TlsAgent({ keepAlive: true, maxSockets: 1 });
    const tls = { cert: operator.certificate, key: operator.key, rejectUnauthorized: false };
    await staysReachable({
      agent,
      held: [
        { port, count: 240, words: ['', Buffer.from([22, 3, 1, 0, 200, 1])] },
        { port, count: 100, words: waiting, tls: true },
        { port, count: 20, words: answered, tls: true },
        { port: probes, count: 180, words: waiting },
      ],
      call: async (path, on) =>
        statusOf(httpsRequest, { port, path, ...tls, ...(on === 'kept' ? { agent: kept } : {}) }),
    });
    kept.destroy();
  });
});
