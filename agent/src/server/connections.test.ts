import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { firstAnswer, openRaw, untilClosed, wholeAnswer } from '@nodetask/runtime/testing';
import { LogLines } from '../../test/support/log-lines.ts';
import { startTestServer, type TestServer } from '../../test/support/test-server.ts';

const timeout = 20_000;
const never = 600_000;
const token = 'secret-token';
const livez = 'GET /v0/livez HTTP/1.1\r\nHost: x\r\n\r\n';
const authorized = `GET /v0/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;

const open = async ({ port }: Pick<TestServer, 'port'>, localAddress?: string): Promise<Socket> =>
  openRaw(port, localAddress);

describe('the time that a request may take to come in', { timeout: 60_000 }, () => {
  for (const [what, limits, bytes] of [
    ['nothing at all', { headersMs: 300, requestMs: never }, ''],
    ['headers that do not end', { headersMs: 300, requestMs: never }, 'GET /v0/livez HTTP/1.1\r\nHost: x\r\n'],
    [
      'a body that does not come',
      { headersMs: 300, requestMs: 400 },
      'POST /v0/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ],
  ] as const) {
    test(what, async () => {
      await using server = await startTestServer({ limits });
      assert.match(await wholeAnswer(await open(server), bytes), /^HTTP\/1\.1 408 [^]*"code":"invalid-request"/);
    });
  }
});

describe('connections', { timeout: 60_000 }, () => {
  test('give way when there are as many as there may be: the oldest goes', async () => {
    await using server = await startTestServer({ limits: { connections: 2, reserved: 0 } });
    const [first, second] = [await open(server), await open(server)];
    const gone = untilClosed(first);
    const third = await open(server);
    await gone;
    for (const socket of [second, third]) assert.match(await firstAnswer(socket, livez), /^HTTP\/1\.1 200/);
  });

  test('of one address give way to others of that address', async () => {
    await using server = await startTestServer({ limits: { perAddress: 2 } });
    const other = await open(server, '127.0.0.2');
    const [first, second] = [await open(server), await open(server)];
    const gone = untilClosed(first);
    const third = await open(server);
    await gone;
    for (const socket of [other, second, third]) assert.match(await firstAnswer(socket, livez), /^HTTP\/1\.1 200/);
  });

  test('of who has sent the token give way to nobody', async () => {
    await using server = await startTestServer({ token, limits: { connections: 2, reserved: 1 } });
    const known = await open(server);
    assert.match(await firstAnswer(known, authorized), /^HTTP\/1\.1 200/);
    for (let stranger = 0; stranger < 4; stranger += 1) {
      const socket = await open(server);
      assert.match(await firstAnswer(socket, livez), /^HTTP\/1\.1 200/);
      await untilClosed(socket);
      await open(server);
    }
    assert.match(await firstAnswer(known, authorized), /^HTTP\/1\.1 200/);
  });

  test('are kept for who may call, and closed with their first answer for others', async () => {
    await using server = await startTestServer({ token, limits: { keepAliveMs: never } });
    for (const bytes of [livez, 'GET /v0/status HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const socket = await open(server);
      assert.match(await firstAnswer(socket, bytes), /\r\nConnection: close\r\n/, bytes);
      await untilClosed(socket);
    }
    const known = await open(server);
    for (const bytes of [authorized, livez, authorized]) {
      assert.match(await firstAnswer(known, bytes), /^HTTP\/1\.1 200 [^]*\r\nConnection: keep-alive\r\n/);
    }
    assert.match(
      await firstAnswer(known, authorized.replace(token, 'wrong')),
      /^HTTP\/1\.1 401 [^]*\r\nConnection: close\r\n/,
    );
    await untilClosed(known);
  });

  test('are closed when their caller has been silent for long', async () => {
    await using server = await startTestServer({ token, limits: { keepAliveMs: 100 } });
    const known = await open(server);
    assert.match(await firstAnswer(known, authorized), /^HTTP\/1\.1 200/);
    await untilClosed(known);
  });

  test('that were cut are counted, and told of in few lines', async () => {
    const log = new LogLines();
    await using server = await startTestServer({ logger: log.logger, limits: { perAddress: 1 } });
    for (let count = 0; count < 20; count += 1) await untilClosed(await openAndPush(server));
    const { text: metrics } = await server.call('GET', '/v0/metrics');
    assert.match(metrics, /connections_cut_total\{listener="api",reason="address"\} 40$/m);
    assert.match(metrics, /connections_cut_total\{listener="probes",reason="crowded"\} 0$/m);
    assert.equal(log.lines.filter(({ message }) => message === 'a connection was cut').length, 1);
  });
});

/** A connection that another one of its address has taken the place of. */
const openAndPush = async (server: TestServer): Promise<Socket> => {
  const socket = await open(server);
  await open(server);
  return socket;
};

test('who is refused does not fill the log', { timeout }, async () => {
  const log = new LogLines();
  await using server = await startTestServer({ token, logger: log.logger });
  const refused = 'POST /v0/tasks HTTP/1.1\r\nHost: x\r\n\r\n';
  for (let count = 0; count < 5; count += 1) {
    assert.match(await wholeAnswer(await open(server), refused), /^HTTP\/1\.1 401 /);
  }
  assert.deepEqual(
    log.lines.filter(({ level }) => level !== 'debug'),
    [],
  );
});
