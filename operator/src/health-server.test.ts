import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { OnCut, ProbeLimits } from '@nodetask/runtime/connections';
import { openRaw, wholeAnswer } from '@nodetask/runtime/testing';
import { silentLogger } from '@nodetask/shared';
import { HealthServer } from './health-server.ts';

const timeout = 20_000;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const start = async (limits: Partial<ProbeLimits> = {}, onCut: OnCut = () => undefined) => {
  const port = await freePort();
  const server = new HealthServer({
    address: { host: '127.0.0.1', port },
    liveness: () => ({ ok: true }),
    readiness: () => ({ ok: false, reason: 'not yet' }),
    role: () => 'leader',
    logger: silentLogger,
    onCut,
    limits,
  });
  await server.listen();
  const open = async (localAddress?: string): Promise<Socket> => openRaw(port, localAddress);
  return { open, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
};

const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('each connection to the health server is for one answer', { timeout }, async () => {
  await using server = await start();
  for (const [path, status] of [
    ['/healthz', 200],
    ['/readyz', 503],
    ['/metrics', 404],
    ['/none', 404],
  ] as const) {
    const answer = await wholeAnswer(await server.open(), ask(path));
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${String(status)} [^]*\r\nConnection: close\r\n`), path);
  }
});

test('connections that are held open give way to the kubelet', { timeout }, async () => {
  const cuts = new Set<string>();
  const limits = { connections: 4, perAddress: 3, requestMs: 600_000 };
  await using server = await start(limits, (reason) => cuts.add(reason));
  for (const address of ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2', '127.0.0.2']) {
    await server.open(address);
  }
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
    assert.match(await wholeAnswer(await server.open(address), ask('/healthz')), /^HTTP\/1\.1 200/);
  }
  assert.deepEqual([...cuts].toSorted(), ['address', 'crowded']);
});

test('a request that does not come in within its time is cut', { timeout }, async () => {
  await using server = await start({ requestMs: 300 });
  for (const bytes of ['', 'GET /healthz HTTP/1.1\r\n']) {
    assert.match(await wholeAnswer(await server.open(), bytes), /^HTTP\/1\.1 408 /);
  }
});

test('headers have 4 KiB at most', { timeout }, async () => {
  await using server = await start();
  const bytes = `GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(5000)}\r\n\r\n`;
  assert.match(await wholeAnswer(await server.open(), bytes), /^HTTP\/1\.1 431 /);
});

test('without a host the health server answers at addresses of IPv4 and of IPv6', { timeout }, async () => {
  const port = await freePort();
  await using server = new HealthServer({
    address: { port },
    liveness: () => ({ ok: true }),
    readiness: () => ({ ok: true }),
    role: () => 'leader',
    logger: silentLogger,
  });
  await server.listen();
  for (const host of ['127.0.0.1', '[::1]']) {
    const response = await fetch(`http://${host}:${port}/healthz`, { signal: AbortSignal.timeout(5_000) });
    assert.equal(response.status, 200, host);
  }
});

test('an address that is taken is told with the flag that gives it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const server = new HealthServer({
    address: { host: '127.0.0.1', port },
    liveness: () => ({ ok: true }),
    readiness: () => ({ ok: true }),
    role: () => 'leader',
    logger: silentLogger,
  });
  await assert.rejects(server.listen(), {
    name: 'ListenError',
    message: new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port} \\(--listen\\): .*EADDRINUSE`, 'u'),
  });
  taken.close();
});
