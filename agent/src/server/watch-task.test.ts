import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import type { ApiErrorBody, TaskResult } from '@nodetask/shared';
import { startTestServer, type TestServer } from '../../test/support/test-server.ts';

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** A client of server-sent events that hands them out one by one. */
const watch = async (server: TestServer, id: string, headers: Readonly<Record<string, string>> = {}) => {
  const request = get(`${server.url}/v0/tasks/${id}/watch`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
  const events = parse(response);
  return {
    response,
    next: async (): Promise<Event | undefined> => {
      const { value, done } = await events.next();
      return done === true ? undefined : value;
    },
    close: () => {
      request.destroy();
    },
  };
};

async function* parse(response: IncomingMessage): AsyncGenerator<Event, undefined> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      const event = fields.get('event');
      if (event !== undefined) yield { event, id: fields.get('id') ?? '', data: JSON.parse(fields.get('data') ?? '') };
    }
  }
}

const statusOf = (event: Event | undefined): string | undefined => (event?.data as TaskResult | undefined)?.status;

const submitHeld = async (server: TestServer): Promise<string> => {
  const id = randomUUID();
  await server.call('POST', '/v0/tasks', { id, type: 'config-validate' });
  return id;
};

test('the state comes at once, then each change, then the end', async () => {
  await using server = await startTestServer();
  const id = await submitHeld(server);
  const run = await server.tests.next(0);
  const stream = await watch(server, id);
  assert.equal(statusOf(await stream.next()), 'running');
  run.context.progress({ stage: 'download', done: 5, total: 10, unit: 'bytes' });
  const progress = await stream.next();
  assert.equal((progress?.data as TaskResult | undefined)?.progress?.percent, 50);
  run.finish({ answer: 42 });
  const last = await stream.next();
  assert.deepEqual([last?.event, statusOf(last)], ['result', 'completed']);
  assert.deepEqual((last?.data as TaskResult | undefined)?.output, { answer: 42 });
  assert.deepEqual(await stream.next(), { event: 'end', id: last?.id, data: { reason: 'terminal' } });
  assert.equal(await stream.next(), undefined, 'the agent closes the stream');
  assert.equal(server.streams.count, 0);
});

test('a terminal task is one event and the end, whatever Last-Event-ID says', async () => {
  await using server = await startTestServer();
  const { id } = (await server.call('POST', '/v0/tasks', { type: 'mark-ready' })).body as { id: string };
  await server.engine.stopped(id);
  const stream = await watch(server, id, { 'Last-Event-ID': '99999' });
  assert.equal(statusOf(await stream.next()), 'completed');
  assert.equal((await stream.next())?.event, 'end');
  assert.equal(await stream.next(), undefined);
});

test('a schedule streams until the client leaves, and then costs nothing', async () => {
  await using server = await startTestServer();
  const id = randomUUID();
  await server.call('POST', '/v0/tasks', { id, type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } });
  const stream = await watch(server, id);
  assert.equal(statusOf(await stream.next()), 'running');
  await server.call('PUT', `/v0/tasks/${id}/schedule`, { cron: '0 4 * * *' });
  const changed = await stream.next();
  assert.equal((changed?.data as TaskResult | undefined)?.async?.schedule?.cron, '0 4 * * *');
  stream.close();
  await untilStreams(server, 0);
});

test('removal ends the stream', async () => {
  await using server = await startTestServer();
  const id = await submitHeld(server);
  const stream = await watch(server, id);
  assert.equal(statusOf(await stream.next()), 'running');
  await server.call('DELETE', `/v0/tasks/${id}`);
  const seen: string[] = [];
  for (let event = await stream.next(); event !== undefined; event = await stream.next()) seen.push(event.event);
  assert.deepEqual(seen.slice(-2), ['removed', 'end']);
});

test('streams are counted and bounded', async () => {
  await using server = await startTestServer({ streams: { most: 2 } });
  const id = await submitHeld(server);
  const open = [await watch(server, id), await watch(server, id)];
  const answer = await server.call('GET', `/v0/tasks/${id}/watch`);
  assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [503, 'too-many-connections']);
  assert.ok(answer.headers.has('retry-after'));
  assert.match((await server.call('GET', '/v0/metrics')).text, /nodetask_agent_event_streams 2/);
  assert.equal((await server.call('HEAD', `/v0/tasks/${id}/watch`)).status, 200, 'HEAD opens none');
  for (const stream of open) stream.close();
});

test('heartbeats keep the connection alive', async () => {
  const clock = new FakeClock();
  await using server = await startTestServer({ streams: { clock, heartbeatMs: 15_000 } });
  const id = await submitHeld(server);
  const request = get(`${server.url}/v0/tasks/${id}/watch`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.setEncoding('utf8');
  let text = '';
  response.on('data', (chunk: string) => (text += chunk));
  while (!text.includes('event: result')) await once(response, 'data');
  await clock.advance(30_000);
  while (text.split(': alive\n\n').length < 3) await once(response, 'data');
  request.destroy();
});

/** More than the kernel buffers of a connection together, in changes of 30 kB. */
const changes = 1000;

const changeOften = async (server: TestServer, id: string): Promise<void> => {
  const zones = ['Europe/Berlin', 'Etc/UTC'];
  for (let change = 0; change < changes; change++) {
    server.engine.updateSchedule(id, { timeZone: zones[change % 2] ?? '' });
    await new Promise((resolve) => setImmediate(resolve));
  }
};

test('a client that does not read gets the latest state only, and is given up in the end', async () => {
  const clock = new FakeClock();
  await using server = await startTestServer({ streams: { clock, stallMs: 30_000 } });
  const id = randomUUID();
  const accepted = await server.call('POST', '/v0/tasks', {
    id,
    type: 'config-patch',
    params: { files: { 'config.toml': { moniker: 'x'.repeat(30_000) } } },
    async: { schedule: { cron: '0 3 * * *' } },
  });
  assert.equal(accepted.status, 201, accepted.text);

  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.setEncoding('utf8');
  let events = 0;
  let text = '';
  socket.on('data', (chunk: string) => {
    text = text.slice(-1000) + chunk;
    events += chunk.split('event: result').length - 1;
  });
  socket.pause();
  socket.write(`GET /v0/tasks/${id}/watch HTTP/1.1\r\nHost: x\r\n\r\n`);
  await untilStreams(server, 1);

  await changeOften(server, id);
  server.engine.updateSchedule(id, { cron: '59 23 * * *', timeZone: 'Asia/Tokyo' });
  socket.resume();
  while (!text.includes('Asia/Tokyo')) await once(socket, 'data');
  assert.ok(events < changes, `${String(events)} of ${String(changes)} states were sent`);
  // The client has it all; by the time of another answer the server knows that, too.
  await server.call('GET', `/v0/tasks/${id}`);
  await clock.advance(30_000);
  assert.equal(server.streams.count, 1, 'slow, but reading');

  socket.pause();
  // How much the kernel still takes, and when, is its own matter: once it takes no more, no time of grace is left.
  const deadline = AbortSignal.timeout(20_000);
  while (server.streams.count > 0 && !deadline.aborted) {
    await changeOften(server, id);
    await clock.advance(30_000);
  }
  await untilStreams(server, 0);
  socket.destroy();
});

const untilStreams = async (server: TestServer, count: number): Promise<void> => {
  const deadline = AbortSignal.timeout(10_000);
  while (server.streams.count !== count && !deadline.aborted) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.streams.count, count);
};
