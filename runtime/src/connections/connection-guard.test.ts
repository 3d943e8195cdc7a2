import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { ConnectionGuard, type ConnectionLimits } from './connection-guard.ts';

/** A guarded server that answers /proven and /served after it has raised the connection so, / at once, and /wait when the test says. */
const start = async (limits: Partial<ConnectionLimits>) => {
  const cuts: string[] = [];
  const waiting: ServerResponse[] = [];
  const guard = new ConnectionGuard(
    { connections: 100, reserved: 0, perAddress: 100, ...limits },
    (reason, address) => {
      cuts.push(`${reason} ${address}`);
    },
  );
  const server = createServer((request: IncomingMessage, response) => {
    if (request.url === '/proven') guard.raise(request.socket, 'proven');
    if (request.url === '/served') guard.raise(request.socket, 'served');
    if (request.url === '/wait') waiting.push(response);
    else response.end(guard.standingOf(request.socket));
  });
  guard.watch(server);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: Socket[] = [];

  /** A connection that the server has taken in, from this address. */
  const open = async (localAddress = '127.0.0.1'): Promise<Client> => {
    const accepted = once(server, 'connection');
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    clients.push(socket);
    socket.on('error', () => undefined);
    const client = new Client(socket);
    await accepted;
    return client;
  };
  const dispose = async (): Promise<void> => {
    for (const socket of clients) socket.destroy();
    guard.cutAll();
    server.close();
    await once(server, 'close');
  };
  return { cuts, waiting, guard, server, port, open, [Symbol.asyncDispose]: dispose };
};

class Client {
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
  }

  send(path: string): void {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  }

  /** The body of the answer; rejects where the connection is closed before. */
  async ask(path = '/'): Promise<string> {
    const data = once(this.#socket, 'data') as Promise<[Buffer]>;
    this.send(path);
    const gone = this.closed.then(() => Promise.reject(new Error('the connection was closed')));
    const [bytes] = await Promise.race([data, gone]);
    return bytes.toString().split('\r\n\r\n')[1] ?? '';
  }
}

const timeout = 20_000;

describe('a new connection', { timeout }, () => {
  test('takes the place of the oldest one where there are as many as there may be', async () => {
    await using server = await start({ connections: 2 });
    const [first, second] = [await server.open(), await server.open()];
    const third = await server.open();
    await first.closed;
    assert.deepEqual([await second.ask(), await third.ask()], ['unknown', 'unknown']);
    assert.deepEqual([server.guard.size, server.cuts], [2, ['crowded 127.0.0.1']]);
  });

  test('takes the place of one of its own address where that has as many as one may, and leaves others theirs', async () => {
    await using server = await start({ perAddress: 2 });
    const other = await server.open('127.0.0.2');
    const [first, second] = [await server.open(), await server.open()];
    const third = await server.open();
    await first.closed;
    for (const client of [other, second, third]) assert.equal(await client.ask(), 'unknown');
    assert.deepEqual(server.cuts, ['address 127.0.0.1']);
  });

  test('takes nothing from an address that has few, while another has many', async () => {
    await using server = await start({ connections: 4 });
    const lonely = await server.open('127.0.0.2');
    const many = [await server.open(), await server.open(), await server.open()];
    await server.open('127.0.0.3');
    await many[0]?.closed;
    assert.equal(await lonely.ask(), 'unknown');
  });

  test('leaves a request under way alone, as long as another connection is idle', async () => {
    await using server = await start({ connections: 2 });
    const busy = await server.open();
    const asked = once(server.server, 'request');
    const answered = busy.ask('/wait');
    await asked;
    const idle = await server.open();
    await server.open();
    await idle.closed;
    server.waiting[0]?.end('done');
    assert.equal(await answered, 'done');
    assert.equal(await busy.ask(), 'unknown', 'it is idle again');
  });

  test('never takes the place of a proven one: where all are that, it is refused', async () => {
    await using server = await start({ connections: 2 });
    const proven = [await server.open(), await server.open()];
    for (const client of proven) assert.equal(await client.ask('/proven'), 'proven');
    const late = await server.open('127.0.0.2');
    await late.closed;
    for (const client of proven) assert.equal(await client.ask(), 'proven');
    assert.deepEqual(server.cuts, ['full 127.0.0.2']);
  });

  test('leaves the reserve to proven ones', async () => {
    await using server = await start({ connections: 4, reserved: 3 });
    const proven = [];
    for (let count = 0; count < 2; count += 1) {
      const client = await server.open();
      await client.ask('/proven');
      proven.push(client);
    }
    const stranger = await server.open();
    await server.open();
    await stranger.closed;
    for (const client of proven) assert.equal(await client.ask(), 'proven');
    assert.equal(server.guard.size, 3);
  });

  test('takes the place of one that was served only where there is none of unknown standing', async () => {
    await using server = await start({ connections: 2 });
    const served = await server.open();
    assert.equal(await served.ask('/served'), 'served');
    const unknown = await server.open();
    const third = await server.open();
    await unknown.closed;
    assert.equal(await third.ask('/served'), 'served');
    await server.open();
    await served.closed;
  });
});

test('a connection that ends frees its place', { timeout }, async () => {
  await using server = await start({ connections: 1 });
  for (let count = 0; count < 3; count += 1) {
    const accepted = once(server.server, 'connection') as Promise<[Socket]>;
    const socket = connect(server.port, '127.0.0.1');
    const [there] = await accepted;
    const gone = once(there, 'close');
    socket.destroy();
    await gone;
  }
  assert.deepEqual([server.guard.size, server.cuts], [0, []]);
});

test('proof is never taken back by less', { timeout }, async () => {
  await using server = await start({});
  const client = await server.open();
  await client.ask('/proven');
  assert.equal(await client.ask('/served'), 'proven');
});
