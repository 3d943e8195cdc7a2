import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { startFaultProxy, targetOf } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import type { FaultMode } from './net/fault-mode.ts';
import { freePort } from './net/free-port.ts';

/** A server that sends back what it gets, and keeps what it got. */
async function startEcho() {
  const sockets = new Set<Socket>();
  const ends: string[] = [];
  const received: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes);
      socket.write(bytes);
    });
    socket.on('end', () => {
      ends.push('FIN');
      socket.end();
    });
    socket.on('error', (error) => ends.push('code' in error ? String(error.code) : error.message));
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: { host: '127.0.0.1', port },
    ends,
    received: () => Buffer.concat(received).toString(),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A client whose reads and ends can be awaited. */
class Client {
  readonly socket: Socket;
  readonly ended: Promise<string>;
  #text = '';
  #wake: (() => void) | undefined;

  constructor(port: number) {
    this.socket = createConnection({ host: '127.0.0.1', port });
    this.socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString();
      this.#wake?.();
    });
    this.ended = new Promise((resolve) => {
      this.socket.once('end', () => resolve('FIN'));
      this.socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    });
  }

  get text(): string {
    return this.#text;
  }

  async read(length: number): Promise<string> {
    while (this.#text.length < length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#text;
  }
}

describe('fault proxy', { timeout: 20_000 }, () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setUp(mode: FaultMode = { kind: 'pass' }) {
    const echo = await startEcho();
    const proxy = await startFaultProxy({ target: echo.target, mode });
    cleanups.push(
      async () => echo.close(),
      async () => proxy.close(),
    );
    return { echo, proxy };
  }

  function connect(proxy: FaultProxy): Client {
    const client = new Client(proxy.port);
    cleanups.push(() => {
      client.socket.destroy();
    });
    return client;
  }

  test('pass: forwards both directions and half-closed connections, and counts', async () => {
    const { echo, proxy } = await setUp();
    const client = connect(proxy);
    client.socket.end('hello');
    assert.equal(await client.read(5), 'hello');
    assert.equal(await client.ended, 'FIN');
    const counters = await proxy.until(({ live }) => live === 0);
    assert.deepEqual(counters, {
      accepted: 1,
      live: 0,
      targetFailures: 0,
      faults: 0,
      receivedFromClient: 5,
      receivedFromServer: 5,
      forwardedToServer: 5,
      forwardedToClient: 5,
    });
    assert.deepEqual(echo.ends, ['FIN']);
  });

  test('pass: 8 MiB arrive whole and in order through a slow reader', async () => {
    const { proxy } = await setUp();
    const client = connect(proxy);
    const size = 8 * 1024 * 1024;
    const block = Array.from({ length: 1024 }, (_, line) => `${String(line).padStart(63, '.')}\n`).join('');
    const sent = block.repeat(size / block.length);
    client.socket.pause();
    client.socket.write(sent);
    await proxy.until(({ receivedFromClient }) => receivedFromClient > 1024 * 1024);
    client.socket.resume();
    assert.ok((await client.read(size)) === sent, 'the bytes differ');
  });

  test('refuse: new connections are refused, live ones go on, and the same port serves again', async () => {
    const { proxy } = await setUp();
    const live = connect(proxy);
    live.socket.write('a');
    await live.read(1);
    await proxy.setMode({ kind: 'refuse' });
    assert.equal(await connect(proxy).ended, 'ECONNREFUSED');
    live.socket.write('b');
    assert.equal(await live.read(2), 'ab');
    await proxy.setMode({ kind: 'pass' });
    const again = connect(proxy);
    again.socket.write('c');
    assert.equal(await again.read(1), 'c');
  });

  test('stall: accepts, forwards nothing, and lets the held bytes go when it ends', async () => {
    const { echo, proxy } = await setUp({ kind: 'stall' });
    const client = connect(proxy);
    client.socket.write('held');
    const counters = await proxy.until(({ receivedFromClient }) => receivedFromClient === 4);
    assert.equal(counters.forwardedToServer, 0);
    assert.equal(echo.received(), '');
    await proxy.setMode({ kind: 'pass' });
    assert.equal(await client.read(4), 'held');
  });

  test('stall toClient of live connections only: the server gets the bytes, its answer waits; new connections pass', async () => {
    const { echo, proxy } = await setUp();
    const stalled = connect(proxy);
    stalled.socket.write('1');
    await stalled.read(1);
    await proxy.setMode({ kind: 'stall', direction: 'toClient' }, 'live');
    stalled.socket.write('2');
    await proxy.until(({ receivedFromServer }) => receivedFromServer === 2);
    assert.equal(echo.received(), '12');
    assert.equal(proxy.counters.forwardedToClient, 1);
    const fresh = connect(proxy);
    fresh.socket.write('3');
    assert.equal(await fresh.read(1), '3');
    assert.equal(stalled.text, '1');
  });

  test('stall holds a bounded amount: the sender is slowed down', async () => {
    const { proxy } = await setUp({ kind: 'stall' });
    const client = connect(proxy);
    client.socket.write(Buffer.alloc(64 * 1024 * 1024));
    const { receivedFromClient } = await proxy.until((counters) => counters.receivedFromClient > 1024 * 1024);
    assert.ok(receivedFromClient < 2 * 1024 * 1024, `${receivedFromClient} bytes were taken`);
    assert.ok(client.socket.writableLength > 0);
  });

  test('throttle: so many bytes a second in one direction', async () => {
    const { proxy } = await setUp({ kind: 'throttle', direction: 'toServer', bytesPerSecond: 1_000_000 });
    const client = connect(proxy);
    const begun = performance.now();
    client.socket.end('x'.repeat(300_000));
    assert.equal((await client.read(300_000)).length, 300_000);
    // The last chunk waits for those before it, and nothing waits for the last: a chunk has 64 KiB at most.
    const ms = performance.now() - begun;
    assert.ok(ms >= 200, `${ms} ms`);
  });

  test('delay: every byte comes later by the sum of both directions, in order', async () => {
    const { proxy } = await setUp({ kind: 'delay', toServerMs: 80, toClientMs: 40 });
    const client = connect(proxy);
    const begin = performance.now();
    client.socket.write('x');
    client.socket.write('yz');
    assert.equal(await client.read(3), 'xyz');
    const took = performance.now() - begin;
    assert.ok(took >= 119, `took ${took} ms`);
  });

  test('cut toClient: exactly n bytes, then an orderly end on both sides', async () => {
    const { echo, proxy } = await setUp({ kind: 'cut', direction: 'toClient', afterBytes: 3 });
    const client = connect(proxy);
    client.socket.write('abcdef');
    assert.equal(await client.ended, 'FIN');
    assert.equal(client.text, 'abc');
    const counters = await proxy.until(({ live }) => live === 0);
    assert.equal(counters.forwardedToClient, 3);
    assert.equal(counters.faults, 1);
    assert.deepEqual(echo.ends, ['FIN']);
  });

  test('cut toServer counts from the change of mode on a live connection', async () => {
    const { echo, proxy } = await setUp();
    const client = connect(proxy);
    client.socket.write('before');
    await client.read(6);
    await proxy.setMode({ kind: 'cut', direction: 'toServer', afterBytes: 2 }, 'live');
    client.socket.write('1234');
    assert.equal(await client.ended, 'FIN');
    await proxy.until(({ live }) => live === 0);
    assert.equal(echo.received(), 'before12');
  });

  test('reset after n bytes: the client gets them, then RST', async () => {
    const { echo, proxy } = await setUp({ kind: 'reset', direction: 'toServer', afterBytes: 2 });
    const client = connect(proxy);
    client.socket.write('abcd');
    assert.equal(await client.ended, 'ECONNRESET');
    const counters = await proxy.until(({ live }) => live === 0);
    assert.equal(counters.forwardedToServer, 2);
    assert.equal(counters.faults, 1);
    assert.ok(echo.received().length <= 2, echo.received());
  });

  test('reset after 0 bytes ends a connection before anything is exchanged', async () => {
    const { echo, proxy } = await setUp({ kind: 'reset', direction: 'toClient', afterBytes: 0 });
    assert.equal(await connect(proxy).ended, 'ECONNRESET');
    assert.equal(echo.received(), '');
  });

  test('resetConnections: RST on both sides of every live connection', async () => {
    const { echo, proxy } = await setUp();
    const clients = [connect(proxy), connect(proxy)];
    for (const client of clients) {
      client.socket.write('x');
      await client.read(1);
    }
    assert.equal(proxy.resetConnections(), 2);
    assert.deepEqual(await Promise.all(clients.map(({ ended }) => ended)), ['ECONNRESET', 'ECONNRESET']);
    await proxy.until(({ live }) => live === 0);
    const fresh = connect(proxy);
    fresh.socket.write('y');
    await fresh.read(1);
    assert.deepEqual(echo.ends, ['ECONNRESET', 'ECONNRESET']);
  });

  test('a target that is not there: the client is reset and the failure counted', async () => {
    const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: await freePort() } });
    cleanups.push(async () => proxy.close());
    assert.equal(await connect(proxy).ended, 'ECONNRESET');
    await proxy.until(({ targetFailures, live }) => targetFailures === 1 && live === 0);
  });

  test('until: rejects with the counters when its time is up', async () => {
    const { proxy } = await setUp();
    await assert.rejects(
      proxy.until(({ accepted }) => accepted === 1, 20),
      /condition not met in 20 ms; counters .*"accepted":0/,
    );
  });

  test('targetOf reads host and port, with the default of the scheme', () => {
    assert.deepEqual(targetOf('https://127.0.0.1:6443'), { host: '127.0.0.1', port: 6443 });
    assert.deepEqual(targetOf('http://127.0.0.2'), { host: '127.0.0.2', port: 80 });
    assert.throws(() => targetOf('tcp://127.0.0.2'), /names no port/);
  });
});
