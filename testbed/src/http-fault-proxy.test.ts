import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { text } from 'node:stream/consumers';
import { startHttpFaultProxy } from './http-fault-proxy.ts';
import type { HttpFaultRule } from './http-fault-proxy.ts';

describe('HTTP fault proxy', { timeout: 30_000 }, () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  });

  async function proxyOf(listener: RequestListener, rule?: HttpFaultRule) {
    const server = createServer(listener);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return startHttpFaultProxy({ target: { host: '127.0.0.1', port }, ...(rule === undefined ? {} : { rule }) });
  }

  test('passes method, path, headers and body on, and the answer back', async () => {
    await using proxy = await proxyOf((request, response) => void echo(request, response));
    const response = await fetch(`${proxy.endpoint}/a%20b?c=d`, { method: 'PUT', body: 'x'.repeat(200_000) });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('x-kept'), 'yes');
    assert.deepEqual(await response.json(), {
      method: 'PUT',
      url: '/a%20b?c=d',
      host: proxy.host,
      body: 'x'.repeat(200_000),
    });
    assert.deepEqual(proxy.exchanges, [{ method: 'PUT', url: '/a%20b?c=d', status: 201, fault: false }]);
  });

  test('a rule answers instead of the target, which never sees the request', async () => {
    let seen = 0;
    await using proxy = await proxyOf(
      (_request, response) => {
        seen += 1;
        response.end('real');
      },
      ({ url }) => (url === '/bad' ? { status: 503, body: 'slow down' } : undefined),
    );
    const bad = await fetch(`${proxy.endpoint}/bad`, { method: 'PUT', body: 'x'.repeat(1_000_000) });
    assert.deepEqual([bad.status, await bad.text(), seen], [503, 'slow down', 0]);
    assert.equal(await (await fetch(`${proxy.endpoint}/good`)).text(), 'real');
    proxy.rule = () => undefined;
    assert.equal(await (await fetch(`${proxy.endpoint}/bad`)).text(), 'real');
  });

  test('a body that is shorter than it says ends in the middle', async () => {
    await using proxy = await proxyOf(
      () => undefined,
      () => ({ status: 200, headers: { 'content-length': '100' }, body: 'short' }),
    );
    const response = await fetch(proxy.endpoint);
    await assert.rejects(response.text(), /terminated/);
  });

  test('a rule can do something first and pass the request on then', async () => {
    let value = 'before';
    await using proxy = await proxyOf(
      (_request, response) => response.end(value),
      async () => {
        await Promise.resolve();
        value = 'after';
        return undefined;
      },
    );
    assert.equal(await (await fetch(proxy.endpoint)).text(), 'after');
  });

  test('an answer that comes before the body was read reaches the client', async () => {
    await using proxy = await proxyOf((_request, response) => {
      response.writeHead(403);
      response.end('no');
    });
    const body = new Uint8Array(200_000);
    const response = await fetch(proxy.endpoint, { method: 'PUT', body });
    assert.deepEqual([response.status, await response.text()], [403, 'no']);
  });

  test('a target that goes away, or is not there, ends the connection of the client', async () => {
    await using cut = await proxyOf((_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => response.destroy());
    });
    await assert.rejects(
      fetch(cut.endpoint).then(async (response) => response.text()),
      /terminated|fetch failed/,
    );
    await using nobody = await startHttpFaultProxy({ target: { host: '127.0.0.1', port: 1 } });
    await assert.rejects(fetch(nobody.endpoint), /fetch failed/);
  });

  test('a rule that throws fails the test at the close', async () => {
    const proxy = await proxyOf(
      () => undefined,
      () => {
        throw new Error('a bug in the rule');
      },
    );
    await assert.rejects(fetch(proxy.endpoint), /fetch failed/);
    await assert.rejects(proxy.close(), /a rule of the proxy 127\.0\.0\.1:\d+ failed: Error: a bug in the rule/);
  });
});

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = request;
  const body = await text(request);
  response.writeHead(201, { 'x-kept': 'yes' });
  response.end(JSON.stringify({ method, url, host: request.headers.host, body }));
}
