import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { probeLimits, type ProbeLimits } from '@nodetask/runtime/connections';
import { openRaw, wholeAnswer } from '@nodetask/runtime/testing';
import { silentLogger } from '@nodetask/shared';
import { startTestServer, type TestServer } from '../../test/support/test-server.ts';
import { ListenError } from './open-listener.ts';
import { startProbeServer } from './probe-server.ts';

const timeout = 20_000;
const livez = 'GET /v0/livez HTTP/1.1\r\nHost: x\r\n\r\n';

/** The probes of the agent behind an API server that wants a token. */
const start = async (api: TestServer, limits: Partial<ProbeLimits> = {}, port = 0) => {
  const { engine, metrics, streams, nodeId, identity, clock } = api;
  const server = await startProbeServer(
    { host: '127.0.0.1', port },
    {
      engine,
      metrics,
      streams,
      nodeId,
      identity,
      clock,
      logger: silentLogger,
      namespace: 'sei',
      stopping: () => false,
    },
    { ...probeLimits, ...limits },
  );
  const open = async (localAddress?: string): Promise<Socket> => openRaw(server.address.port, localAddress);
  const close = async (): Promise<void> => server.close(AbortSignal.timeout(100));
  return { port: server.address.port, open, [Symbol.asyncDispose]: close };
};

test('the listener of probes answers these to anybody, and nothing else', { timeout }, async () => {
  await using api = await startTestServer({ token: 'secret-token' });
  await using probes = await start(api);
  for (const [line, status] of [
    ['GET /v0/livez', 200],
    ['HEAD /v0/livez', 200],
    ['GET /v0/healthz', 503],
    ['GET /v0/startupz', 503],
    ['POST /v0/livez', 405],
    ['GET /v0/status', 404],
    ['GET /v0/node-id', 404],
    ['GET /v0/metrics', 404],
    ['POST /v0/tasks', 404],
  ] as const) {
    const answer = await wholeAnswer(await probes.open(), `${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${String(status)} [^]*\r\nConnection: close\r\n`), line);
    assert.ok(answer.includes(api.identity.bootID));
  }
});

test('a probe whose request does not come in within its time is cut', { timeout }, async () => {
  await using api = await startTestServer();
  await using probes = await start(api, { requestMs: 300 });
  for (const bytes of [
    '',
    'GET /v0/livez HTTP/1.1\r\n',
    `${livez.replace('GET', 'POST').trimEnd()}\r\nContent-Length: 9\r\n\r\n`,
  ]) {
    assert.match(await wholeAnswer(await probes.open(), bytes), /^HTTP\/1\.1 40[58] /);
  }
});

test('a probe has headers of 4 KiB at most', { timeout }, async () => {
  await using api = await startTestServer();
  await using probes = await start(api);
  const answer = await wholeAnswer(await probes.open(), `GET /v0/livez HTTP/1.1\r\nX: ${'x'.repeat(5000)}\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 431 [^]*larger than 4 KiB/);
});

test('probes that wait for nothing give way to the newest one', { timeout }, async () => {
  await using api = await startTestServer();
  await using probes = await start(api, { connections: 4, perAddress: 3, requestMs: 600_000 });
  for (const address of ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2', '127.0.0.2']) {
    await probes.open(address);
  }
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
    assert.match(await wholeAnswer(await probes.open(address), livez), /^HTTP\/1\.1 200/);
  }
  const { text: metrics } = await api.call('GET', '/v0/metrics');
  assert.match(metrics, /connections_cut_total\{listener="probes",reason="address"\} [1-9]/);
  assert.match(metrics, /connections_cut_total\{listener="probes",reason="crowded"\} [1-9]/);
});

test('an address of probes that is taken is said with the option to change', { timeout }, async () => {
  await using api = await startTestServer();
  await assert.rejects(start(api, {}, api.port), (error) => {
    assert.ok(error instanceof ListenError);
    assert.match(
      error.message,
      /^Cannot listen on 127\.0\.0\.1:\d+: another process .* give another --probe-listen\.$/,
    );
    return true;
  });
});
