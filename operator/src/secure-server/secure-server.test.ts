import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTCP, type Socket } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import { systemClock } from '@nodetask/runtime';
import type { OnCut } from '@nodetask/runtime/connections';
import { firstAnswer, untilClosed, wholeAnswer } from '@nodetask/runtime/testing';
import { apiErrorSchema, type Logger, silentLogger } from '@nodetask/shared';
import { Agent, request } from 'undici';
import { ListenError } from '../listen.ts';
import { createAuthority } from '../pki/certificate-authority.ts';
import { issueLeaf, type KeyedLeaf } from '../pki/leaf.ts';
import { serverProfile } from '../pki/profiles.ts';
import type { SecureServerLimits } from './limits.ts';
import type { SecureAnswer, SecureRequest, SecureRoute } from './secure-route.ts';
import { SecureServer, type ServerCertificate } from './secure-server.ts';

const ca = createAuthority(Date.now(), 3_600_000);
const roots = ca.certificate.toString();
const profile = serverProfile({ name: 'nodetask-operator', namespace: 'nodetask-system', hosts: ['127.0.0.1'] });
const leaf = (): KeyedLeaf => issueLeaf(profile, { ca, now: Date.now(), lifetimeMs: 60_000 });
const shown = ({ certificateText, keyText }: KeyedLeaf): ServerCertificate => ({ cert: certificateText, key: keyText });

const errors: string[] = [];
const logger: Logger = {
  ...silentLogger,
  error: (message, fields) => errors.push(`${message} ${String(fields?.['error'])}`),
};

/** Requests that `/wait` has and answers when the test says. */
const waiting: { readonly request: SecureRequest; readonly answer: (body: string) => void }[] = [];

const untilAnswered = async (held: SecureRequest): Promise<SecureAnswer> =>
  new Promise((resolve) => {
    waiting.push({
      request: held,
      answer: (body) => {
        resolve({ status: 200, body });
      },
    });
  });

const routes: readonly SecureRoute[] = [
  {
    method: 'POST',
    path: '/echo',
    maxBodyBytes: 16,
    handle: async ({ body, headers }) =>
      Promise.resolve({ status: 201, headers: { 'X-Seen': String(headers['x-say']) }, body }),
  },
  {
    method: 'GET',
    path: '/plain',
    maxBodyBytes: 0,
    handle: async () => Promise.resolve({ status: 200, contentType: 'text/plain', body: 'plain' }),
  },
  {
    method: 'GET',
    path: '/kept',
    maxBodyBytes: 0,
    handle: async () => Promise.resolve({ status: 200, body: 'kept', keepAlive: true }),
  },
  {
    method: 'GET',
    path: '/proven',
    maxBodyBytes: 0,
    handle: async ({ proven }) => {
      proven?.();
      return Promise.resolve({ status: 200, body: 'proven' });
    },
  },
  { method: 'GET', path: '/broken', maxBodyBytes: 0, handle: async () => Promise.reject(new Error('secret hunter2')) },
  { method: 'GET', path: '/wait', maxBodyBytes: 0, handle: async (held) => untilAnswered(held) },
  {
    method: 'GET',
    path: '/proven-wait',
    maxBodyBytes: 0,
    handle: async (held) => {
      held.proven?.();
      return untilAnswered(held);
    },
  },
];

const start = async (limits: Partial<SecureServerLimits> = {}, onCut?: OnCut): Promise<SecureServer> => {
  const options = {
    address: { host: '127.0.0.1', port: 0 },
    routes,
    certificate: shown(leaf()),
    clock: systemClock,
    logger,
    ...(onCut === undefined ? {} : { onCut }),
  };
  const server = new SecureServer({ ...options, limits });
  await server.listen();
  return server;
};

let server: SecureServer;
let dispatcher: Agent;

before(async () => {
  server = await start();
  dispatcher = new Agent({ connect: { ca: roots }, allowH2: false });
});

after(async () => {
  await dispatcher.destroy();
  await server[Symbol.asyncDispose]();
});

interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly body?: string | Buffer | AsyncIterable<Buffer>;
  readonly headers?: Record<string, string>;
}

const send = async (path: string, { method = 'GET', body, headers = {} }: Sent = {}, port = server.port) => {
  const answer = await request(`https://127.0.0.1:${port}${path}`, {
    dispatcher,
    method,
    headers,
    ...(body === undefined ? {} : { body: body as Buffer }),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
};

const refuses = (answer: Awaited<ReturnType<typeof send>>, status: number, code: string, says: RegExp): void => {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/json');
  const body = apiErrorSchema.parse(JSON.parse(answer.text));
  assert.equal(body.code, code);
  assert.match(body.error, says);
};

/** Open connections: a server that a failed test leaves behind would wait for their end. */
const clients = new Set<Socket>();

afterEach(() => {
  for (const socket of clients) socket.destroy();
});

const openTCP = (port: number, localAddress = '127.0.0.1'): Socket => {
  const socket = connectTCP({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
  clients.add(socket);
  return socket.once('close', () => clients.delete(socket));
};

/** A connection of TLS, with bytes to be sent as they are. */
const raw = async (port = server.port, localAddress = '127.0.0.1'): Promise<TLSSocket> => {
  const tcp = openTCP(port, localAddress);
  const socket = connect({ socket: tcp, host: '127.0.0.1', ca: roots });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
};

const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

const timeout = 30_000;

describe('routes', () => {
  test('get what was sent, and their answer is sent back', async () => {
    const answer = await send('/echo?timeout=10s', { method: 'POST', body: 'a ü', headers: { 'x-say': 'hello' } });
    assert.equal(answer.status, 201);
    assert.equal(answer.text, 'a ü');
    assert.equal(answer.headers['x-seen'], 'hello');
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal((await send('/plain')).headers['content-type'], 'text/plain');
  });

  test('that there are not: 404 that names those that there are, 405 with their methods', async () => {
    refuses(await send('/none\u001b'), 404, 'not-found', /^there is no \/none.*: there are POST \/echo, GET \/plain/);
    const answer = await send('/echo', { method: 'PUT' });
    refuses(answer, 405, 'method-not-allowed', /\/echo takes POST/);
    assert.equal(answer.headers['allow'], 'POST');
  });

  test('that fail are logged, and their reason stays here', async () => {
    refuses(await send('/broken'), 500, 'internal', /^a fault of the operator/);
    assert.match(errors.at(-1) ?? '', /hunter2/);
  });
});

const chunks = async function* (count: number): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < count; sent += 1) yield await Promise.resolve(Buffer.from('12345678'));
};

describe('what it takes is bounded', () => {
  test('bodies, whether their length is said or not', async () => {
    assert.equal((await send('/echo', { method: 'POST', body: 'x'.repeat(16) })).status, 201);
    refuses(await send('/echo', { method: 'POST', body: 'x'.repeat(17) }), 413, 'payload-too-large', /16 bytes/);
    assert.equal((await send('/echo', { method: 'POST', body: chunks(2) })).status, 201);
    refuses(await send('/echo', { method: 'POST', body: chunks(3) }), 413, 'payload-too-large', /16 bytes/);
    refuses(await send('/echo', { method: 'POST', body: Buffer.from([0xff]) }), 400, 'invalid-request', /UTF-8/);
  });

  test('headers', async () => {
    const answer = await send('/plain', { headers: { 'x-long': 'x'.repeat(17_000) } });
    assert.equal(answer.status, 431);
  });

  test('the time for a handshake, for a request, for an answer', { timeout: 30_000 }, async () => {
    await using hasty = await start({ handshakeMs: 200, headersMs: 200, requestMs: 300, answerMs: 200 });
    const silent = connectTCP(hasty.port, '127.0.0.1').resume();
    silent.on('error', () => undefined);
    const slow = await raw(hasty.port);
    slow.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12');
    const answers = text(slow);
    await once(silent, 'close');
    assert.match(await answers, /^HTTP\/1\.1 (?:408|503)/);
    refuses(await send('/wait', {}, hasty.port), 503, 'unavailable', /no answer in time/);
    assert.ok(waiting.pop()?.request.signal.aborted);
  });

  test('the time for headers and for a body to come in, where nothing else ends it', { timeout: 60_000 }, async () => {
    const longMs = 600_000;
    await using slowHeaders = await start({ headersMs: 200, requestMs: longMs, answerMs: longMs });
    for (const bytes of ['', 'GET /plain HTTP/1.1\r\n']) {
      assert.match(await wholeAnswer(await raw(slowHeaders.port), bytes), /^HTTP\/1\.1 408/);
    }
    await using slowBody = await start({ headersMs: 200, requestMs: 300, answerMs: longMs });
    const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12';
    assert.match(await wholeAnswer(await raw(slowBody.port), head), /^HTTP\/1\.1 408/);
  });

  test('connections: a new one takes the place of the oldest', { timeout }, async () => {
    await using small = await start({ connections: 2, reserved: 0 });
    const [first, second] = [await raw(small.port), await raw(small.port)];
    const gone = untilClosed(first);
    const third = await raw(small.port);
    await gone;
    for (const socket of [second, third]) assert.match(await wholeAnswer(socket, ask('/plain')), /^HTTP\/1\.1 200/);
  });

  test('connections of one address: a new one takes the place of its own oldest', { timeout }, async () => {
    await using small = await start({ perAddress: 2 });
    const other = await raw(small.port, '127.0.0.2');
    const [first, second] = [await raw(small.port), await raw(small.port)];
    const gone = untilClosed(first);
    const third = await raw(small.port);
    await gone;
    for (const socket of [other, second, third])
      assert.match(await wholeAnswer(socket, ask('/plain')), /^HTTP\/1\.1 200/);
  });

  test('TLS below 1.3 is not spoken, nor plain HTTP', async () => {
    const old = connect({ port: server.port, host: '127.0.0.1', ca: roots, maxVersion: 'TLSv1.2' });
    const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException];
    assert.match(error.code ?? '', /PROTOCOL_VERSION/);
    await assert.rejects(request(`http://127.0.0.1:${server.port}/plain`));
  });
});

describe('its connections', () => {
  test('are closed with the answer, and kept for who comes again', { timeout }, async () => {
    for (const path of ['/none', '/plain', '/broken', '/proven']) {
      // Resolves only with the end of the connection.
      assert.match(await wholeAnswer(await raw(), ask(path)), /\r\nConnection: close\r\n/, path);
    }
    const kept = await raw();
    for (let count = 0; count < 2; count += 1) {
      assert.match(await firstAnswer(kept, ask('/kept')), /\r\nConnection: keep-alive\r\n/);
    }
    kept.destroy();
  });

  test(
    'let a new address in while 9 addresses hold all there are, and lose none that is worth keeping',
    { timeout: 60_000 },
    async () => {
      const cuts: string[] = [];
      // Nothing but the guard is to end a connection here.
      const longMs = 60_000;
      const times = { handshakeMs: longMs, headersMs: longMs, requestMs: longMs, answerMs: longMs };
      await using small = await start(times, (reason) => cuts.push(reason));
      const kept = await raw(small.port, '127.0.0.2');
      await firstAnswer(kept, ask('/kept'));
      const working = await raw(small.port, '127.0.0.3');
      working.write(ask('/wait'));
      while (waiting.length === 0) await new Promise(setImmediate);
      const held: Socket[] = [];
      for (let address = 1; address <= 9; address += 1) {
        // One more than one of them may have; some complete the handshake.
        for (let count = 0; count < 65; count += 1) {
          const localAddress = `127.9.9.${String(address)}`;
          if (count % 16 === 0) held.push(await raw(small.port, localAddress));
          else held.push(openTCP(small.port, localAddress));
        }
      }
      assert.match(await wholeAnswer(await raw(small.port, '127.0.0.4'), ask('/plain')), /^HTTP\/1\.1 200/);
      assert.match(await firstAnswer(kept, ask('/kept')), /^HTTP\/1\.1 200/);
      const answer = text(working);
      waiting.pop()?.answer('done');
      assert.match(await answer, /done$/);
      assert.deepEqual([...new Set(cuts)].toSorted(), ['address', 'crowded']);
      for (const socket of [kept, ...held]) socket.destroy();
    },
  );

  test('that are worth keeping give way after those that have earned nothing', { timeout }, async () => {
    await using small = await start({ connections: 2, reserved: 0 });
    const kept = await raw(small.port);
    await firstAnswer(kept, ask('/kept'));
    const stranger = await raw(small.port);
    const gone = untilClosed(stranger);
    await raw(small.port);
    await gone;
    assert.match(await firstAnswer(kept, ask('/kept')), /^HTTP\/1\.1 200/);
  });

  test('that have shown who calls lose their place to nobody', { timeout }, async () => {
    await using small = await start({ connections: 2, reserved: 1 });
    const known = await raw(small.port);
    known.write(ask('/proven-wait'));
    while (waiting.length === 0) await new Promise(setImmediate);
    const stranger = await raw(small.port);
    const gone = untilClosed(stranger);
    const other = await raw(small.port);
    await gone;
    other.destroy();
    const answer = text(known);
    waiting.pop()?.answer('done');
    assert.match(await answer, /done$/);
  });

  test('whose handshake fails are told of', { timeout }, async () => {
    const cuts: string[] = [];
    await using told = await start({ handshakeMs: 200 }, (reason, address) => cuts.push(`${reason} ${address}`));
    const silent = openTCP(told.port);
    const plain = openTCP(told.port);
    plain.write(ask('/plain'));
    await Promise.all([untilClosed(silent), untilClosed(plain)]);
    assert.deepEqual(
      cuts.map((cut) => cut.split(' ')[0]),
      ['handshake', 'handshake'],
    );
  });
});

test('a request whose client has gone is told so', async () => {
  const socket = await raw();
  socket.write('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n');
  while (waiting.length === 0) await new Promise(setImmediate);
  const held = waiting.pop();
  assert.equal(held?.request.remoteAddress, '127.0.0.1');
  const aborted = once(held?.request.signal ?? new EventTarget(), 'abort');
  socket.destroy();
  await aborted;
});

test('a new certificate is shown to new connections, and those that there are go on', async () => {
  const next = leaf();
  const former = await raw();
  server.setCertificate(shown(next));
  const fresh = await raw();
  assert.equal(fresh.getPeerCertificate().serialNumber, next.chain[0].serialNumber);
  assert.notEqual(former.getPeerCertificate().serialNumber, next.chain[0].serialNumber);
  former.write('GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(await text(former), /^HTTP\/1\.1 200/);
  fresh.destroy();
});

test('its end lets a request end, cuts what takes longer, and leaves no connection', async () => {
  const ending = await start({ closeMs: 200 });
  const idle = await raw(ending.port);
  const [served, stuck] = [await raw(ending.port), await raw(ending.port)];
  for (const socket of [served, stuck]) socket.write('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n');
  while (waiting.length < 2) await new Promise(setImmediate);
  const [first] = waiting.splice(0);
  const [answers, rest] = [text(served), text(stuck)];
  const idleEnd = untilClosed(idle);
  const end = ending[Symbol.asyncDispose]();
  await idleEnd;
  first?.answer('done');
  await end;
  assert.equal([await answers, await rest].filter((said) => said.includes('done')).length, 1);
});

test('an address that is taken is said with the option to change', async () => {
  const options = {
    address: { host: '127.0.0.1', port: server.port },
    routes,
    certificate: shown(leaf()),
    clock: systemClock,
    logger,
  };
  await assert.rejects(new SecureServer(options).listen(), (error) => {
    assert.ok(error instanceof ListenError);
    assert.match(error.message, /cannot listen on 127\.0\.0\.1:\d+ \(--secure-listen\): .*EADDRINUSE/);
    return true;
  });
});
