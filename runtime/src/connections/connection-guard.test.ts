import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { firstAnswer, openRaw, untilClosed } from '../testing.ts';
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
  const open = async (localAddress?: string): Promise<Socket> => {
    const accepted = once(server, 'connection');
    const socket = await openRaw(port, localAddress);
    clients.push(socket);
    await accepted;
    return socket;
  };
  const dispose = async (): Promise<void> => {
    for (const socket of clients) socket.destroy();
    guard.cutAll();
    server.close();
    await once(server, 'close');
  };
  return { cuts, waiting, guard, server, port, open, [Symbol.asyncDispose]: dispose };
};

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** The body of the answer. */
const ask = async (socket: Socket, path = '/'): Promise<string> =>
  (await firstAnswer(socket, request(path))).split('\r\n\r\n')[1] ?? '';

const timeout = 20_000;

describe('a new connection', { timeout: 60_000 }, () => {
  test('takes the place of the oldest one where there are as many as there may be', async () => {
    await using server = await start({ connections: 2 });
    const [first, second] = [await server.open(), await server.open()];
    const third = await server.open();
    await untilClosed(first);
    assert.deepEqual([await ask(second), await ask(third)], ['unknown', 'unknown']);
    assert.deepEqual([server.guard.size, server.cuts], [2, ['crowded 127.0.0.1']]);
  });

  test('takes the place of one of its own address where that has as many as one may, and leaves others theirs', async () => {
    await using server = await start({ perAddress: 2 });
    const other = await server.open('127.0.0.2');
    const [first, second] = [await server.open(), await server.open()];
    const third = await server.open();
    await untilClosed(first);
    for (const client of [other, second, third]) assert.equal(await ask(client), 'unknown');
    assert.deepEqual(server.cuts, ['address 127.0.0.1']);
  });

  test('takes nothing from an address that has few, while another has many', async () => {
    await using server = await start({ connections: 4 });
    const lonely = await server.open('127.0.0.2');
    const oldest = await server.open();
    for (let count = 0; count < 2; count += 1) await server.open();
    await server.open('127.0.0.3');
    await untilClosed(oldest);
    assert.equal(await ask(lonely), 'unknown');
  });

  test('leaves a request under way alone, as long as another connection is idle', async () => {
    await using server = await start({ connections: 2 });
    const busy = await server.open();
    const asked = once(server.server, 'request');
    const answered = ask(busy, '/wait');
    await asked;
    const idle = await server.open();
    await server.open();
    await untilClosed(idle);
    server.waiting[0]?.end('done');
    assert.equal(await answered, 'done');
    assert.equal(await ask(busy), 'unknown', 'it is idle again');
  });

  test('never takes the place of a proven one: where all are that, it is refused', async () => {
    await using server = await start({ connections: 2 });
    const proven = [await server.open(), await server.open()];
    for (const client of proven) assert.equal(await ask(client, '/proven'), 'proven');
    const late = await server.open('127.0.0.2');
    await untilClosed(late);
    for (const client of proven) assert.equal(await ask(client), 'proven');
    assert.deepEqual(server.cuts, ['full 127.0.0.2']);
  });

  test('leaves the reserve to proven ones', async () => {
    await using server = await start({ connections: 4, reserved: 3 });
    const proven = [];
    for (let count = 0; count < 2; count += 1) {
      const client = await server.open();
      await ask(client, '/proven');
      proven.push(client);
    }
    const stranger = await server.open();
    await server.open();
    await untilClosed(stranger);
    for (const client of proven) assert.equal(await ask(client), 'proven');
    assert.equal(server.guard.size, 3);
  });

  test('takes the place of one that was served only where there is none of unknown standing', async () => {
    await using server = await start({ connections: 2 });
    const served = await server.open();
    assert.equal(await ask(served, '/served'), 'served');
    const unknown = await server.open();
    const third = await server.open();
    await untilClosed(unknown);
    assert.equal(await ask(third, '/served'), 'served');
    await server.open();
    await untilClosed(served);
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
  await ask(client, '/proven');
  assert.equal(await ask(client, '/served'), 'proven');
});
