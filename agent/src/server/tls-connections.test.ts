import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectTCP } from 'node:net';
import { test } from 'node:test';
import { openRaw, untilClosed } from '@nodetask/runtime/testing';
import { CertificateAuthority, type IssuedCertificate } from '@nodetask/testbed';
import { beginTlsCall, callTls, OneConnection } from '../../test/support/tls/call-tls.ts';
import { startTlsServer, type TlsTestServer } from '../../test/support/tls/tls-test-server.ts';

/** Connections and streams while certificates end, change, and lose their CA. */

const [ca, otherCA] = [await CertificateAuthority.create(), await CertificateAuthority.create()];
const second = 1000;
const hour = 3600 * second;

test('a connection that outlives its certificate is refused, and closed', async () => {
  await using server = await startTlsServer(ca);
  const certificate = await ca.operator({ notAfter: new Date(Date.now() + hour) });
  const kept = new OneConnection(certificate);
  const client = { port: server.port, certificate, agent: kept };
  assert.equal((await callTls(client, { path: '/v0/tasks' })).status, 200);
  await server.clock.advance(hour - 60 * second);
  assert.equal((await callTls(client, { path: '/v0/tasks' })).status, 200);
  await server.clock.advance(61 * second);
  const refused = await callTls(client, { path: '/v0/tasks' });
  assert.deepEqual([refused.status, refused.headers.connection, kept.connections], [401, 'close', 1]);
  assert.match(refused.text, /it ended at \d{4}-/);
  kept.destroy();
});

test('a connection is refused once its CA is no longer trusted; one that is renewed with its key stays the same', async () => {
  await using server = await startTlsServer(ca);
  const certificate = await ca.operator();
  const kept = new OneConnection(certificate);
  const client = { port: server.port, certificate, agent: kept };
  const ask = async () => (await callTls(client, { path: '/v0/tasks' })).status;
  assert.equal(await ask(), 200);
  await server.trust(ca, otherCA);
  assert.equal(await ask(), 200);
  await server.trust(await ca.reissue(), otherCA);
  assert.equal(await ask(), 200);
  assert.equal(kept.connections, 1);
  await server.trust(otherCA);
  assert.deepEqual([await ask(), kept.connections], [401, 1]);
  assert.deepEqual([await ask(), kept.connections], [401, 2], 'the first was closed');
  await server.trust(otherCA, ca);
  assert.deepEqual([await ask(), kept.connections], [200, 3]);
  kept.destroy();
});

test('a new certificate is shown to new connections, and open ones go on', async () => {
  await using server = await startTlsServer(ca);
  const certificate = await ca.operator();
  const kept = new OneConnection(certificate);
  const keptClient = { port: server.port, certificate, agent: kept };
  const before = await callTls(keptClient, { path: '/v0/tasks' });
  for (let rotation = 0; rotation < 3; rotation++) {
    const next = await ca.agent('pod-uid-1');
    await server.show(next);
    const fresh = await callTls({ port: server.port, certificate }, { path: '/v0/tasks' });
    assert.equal(fresh.peer?.toString(), next.certificate);
    const same = await callTls(keptClient, { path: '/v0/tasks' });
    assert.deepEqual([same.status, same.peer?.serialNumber, kept.connections], [200, before.peer?.serialNumber, 1]);
  }
  kept.destroy();
});

/** A watch of a schedule, which never ends by itself. */
const watch = async (server: TlsTestServer, certificate: IssuedCertificate) => {
  const { id } = JSON.parse(
    (
      await callTls(
        { port: server.port, certificate: await ca.operator() },
        {
          method: 'POST',
          path: '/v0/tasks',
          body: JSON.stringify({ type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } }),
        },
      )
    ).text,
  ) as { readonly id: string };
  const response = await beginTlsCall({ port: server.port, certificate }, { path: `/v0/tasks/${id}/watch` });
  assert.equal(response.statusCode, 200);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = once(response, 'end');
  while (!text.includes('event: result')) await once(response, 'data');
  return { id, response, ended, text: () => text };
};

test('a stream ends with the certificate of its caller', async () => {
  await using server = await startTlsServer(ca);
  const stream = await watch(server, await ca.operator({ notAfter: new Date(Date.now() + hour) }));
  await server.clock.advance(hour - 60 * second);
  assert.equal(server.streams.count, 1);
  await server.clock.advance(75 * second);
  await stream.ended;
  assert.doesNotMatch(stream.text(), /event: end/);
});

test('a stream whose CA is no longer trusted gets no further event', async () => {
  await using server = await startTlsServer(ca);
  const stream = await watch(server, await ca.operator());
  server.engine.updateSchedule(stream.id, { cron: '1 3 * * *' });
  while (!stream.text().includes('1 3 * * *')) await once(stream.response, 'data');
  await server.trust(otherCA);
  server.engine.updateSchedule(stream.id, { cron: '2 3 * * *' });
  await stream.ended;
  assert.doesNotMatch(stream.text(), /2 3 \* \* \*|event: end/);
});

test('a stream ends with the token of its caller', async () => {
  await using server = await startTlsServer(ca, { token: 'secret-token' });
  const { id } = await watch(server, await ca.operator());
  const response = await beginTlsCall(
    { port: server.port },
    { path: `/v0/tasks/${id}/watch`, headers: { Authorization: 'Bearer secret-token' } },
  );
  response.resume();
  writeFileSync(server.tokenFile, 'another-token');
  const ended = once(response, 'end');
  await server.clock.advance(15 * second);
  await ended;
});

test('connections count from the first byte to the last, and a silent one gives way', { timeout: 30_000 }, async () => {
  await using server = await startTlsServer(ca, { limits: { connections: 4, reserved: 0, handshakeMs: 600_000 } });
  const certificate = await ca.operator();
  for (let connection = 0; connection < 12; connection++) {
    assert.equal((await callTls({ port: server.port, certificate }, { path: '/v0/tasks' })).status, 200);
  }
  const silent = Array.from({ length: 4 }, () => connectTCP(server.port, '127.0.0.1'));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  assert.equal((await callTls({ port: server.port, certificate }, { path: '/v0/tasks' })).status, 200);
  for (const socket of silent) socket.destroy();
});

test(
  'a connection with the certificate of the operator is lost to nobody, one without is',
  { timeout: 30_000 },
  async () => {
    await using server = await startTlsServer(ca, { limits: { connections: 2, reserved: 0 } });
    const kept = new OneConnection(await ca.operator());
    const ask = async () => (await callTls({ port: server.port, agent: kept }, { path: '/v0/tasks' })).status;
    assert.equal(await ask(), 200);
    for (let stranger = 0; stranger < 4; stranger++) {
      assert.equal((await callTls({ port: server.port }, { path: '/v0/tasks' })).status, 401);
      const silent = connectTCP(server.port, '127.0.0.1');
      await once(silent, 'connect');
    }
    assert.deepEqual([await ask(), kept.connections], [200, 1]);
    kept.destroy();
  },
);

test('who does not complete the handshake is cut', { timeout: 30_000 }, async () => {
  await using server = await startTlsServer(ca, { limits: { handshakeMs: 200 } });
  for (const words of ['', 'GET /v0/livez HTTP/1.1\r\nHost: x\r\n\r\n', '\u0016\u0003\u0001\u0002\u0000\u0001']) {
    const socket = await openRaw(server.port);
    socket.write(words);
    await untilClosed(socket);
  }
  assert.equal((await callTls({ port: server.port }, { path: '/v0/livez' })).status, 200);
});
