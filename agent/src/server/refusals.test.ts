import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { test } from 'node:test';
import { openRaw, untilClosed } from '@nodetask/runtime/testing';
import { type ApiErrorBody, apiErrorSchema, errorCodes, headers } from '@nodetask/shared';
import { type Answer, startTestServer, testNamespace, type TestServer } from '../../test/support/test-server.ts';

interface Refusal {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: keyof typeof errorCodes;
  /** In the message. */
  readonly says?: RegExp;
  /** Path and message of one fault. */
  readonly fault?: readonly [path: string, message: RegExp];
}

const id = randomUUID();
const patch = { type: 'config-patch' };
const ref = { namespace: testNamespace, name: 'n', uid: 'u', maxResultBytes: 2048 };
const schedule = (value: unknown) => ({ type: 'mark-ready', async: { schedule: value } });

const refusals: readonly Refusal[] = [
  {
    name: 'an unknown path',
    method: 'GET',
    path: '/v1/tasks',
    status: 404,
    code: 'not-found',
    says: /"GET \/v1\/tasks"/,
  },
  { name: 'the root', method: 'GET', path: '/', status: 404, code: 'not-found' },
  { name: 'a slash too many', method: 'GET', path: '/v0/tasks/', status: 404, code: 'not-found' },
  {
    name: 'an unknown task',
    method: 'GET',
    path: `/v0/tasks/${id}`,
    status: 404,
    code: 'not-found',
    says: new RegExp(id),
  },
  {
    name: 'the watch of an unknown task',
    method: 'GET',
    path: `/v0/tasks/${id}/watch`,
    status: 404,
    code: 'not-found',
  },
  {
    name: 'a path that cannot be decoded',
    method: 'GET',
    path: '/v0/tasks/%E0%A4%A',
    status: 400,
    code: 'invalid-request',
    says: /%/,
  },
  {
    name: 'an id that is no UUID',
    method: 'DELETE',
    path: '/v0/tasks/xyz',
    status: 400,
    code: 'invalid-request',
    fault: ['id', /UUID.*"xyz"/],
  },
  {
    name: 'a wrong method',
    method: 'PATCH',
    path: '/v0/tasks',
    body: {},
    status: 405,
    code: 'method-not-allowed',
    says: /"PATCH".*POST, GET, HEAD/,
  },
  {
    name: 'a wrong method on a task',
    method: 'POST',
    path: `/v0/tasks/${id}`,
    body: {},
    status: 405,
    code: 'method-not-allowed',
  },
  {
    name: 'a wrong method on a probe',
    method: 'POST',
    path: '/v0/livez',
    body: {},
    status: 405,
    code: 'method-not-allowed',
  },
  { name: 'OPTIONS', method: 'OPTIONS', path: '/v0/status', status: 405, code: 'method-not-allowed' },
  {
    name: 'no JSON at all',
    body: 'hello',
    status: 400,
    code: 'invalid-json',
    says: /line 1, column 1: expected a value/,
  },
  {
    name: 'JSON with a trailing comma',
    body: '{\n  "type": "mark-ready",\n}',
    status: 400,
    code: 'invalid-json',
    says: /line 3, column 1: expected a name in double quotes/,
  },
  {
    name: 'JSON that ends too early',
    body: '{"type": "mark-ready"',
    status: 400,
    code: 'invalid-json',
    says: /column 22: expected , or }/,
  },
  {
    name: 'an empty body',
    body: '',
    status: 400,
    code: 'invalid-json',
    headers: { 'Content-Type': 'application/json' },
  },
  {
    name: 'a secret in broken JSON',
    body: '{"password": "hunter2", x}',
    status: 400,
    code: 'invalid-json',
    says: /^((?!hunter2).)*$/,
  },
  {
    name: 'lists nested without end',
    body: `{"type":"x","params":{"a":${'['.repeat(500_000)}`,
    status: 400,
    code: 'invalid-json',
    says: /64 levels/,
  },
  { name: 'JSON that is no object', body: '[1]', status: 400, code: 'invalid-request' },
  { name: 'no content type', body: '{}', headers: { 'Content-Type': '' }, status: 415, code: 'unsupported-media-type' },
  {
    name: 'a form',
    body: 'type=mark-ready',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'unsupported-media-type',
    says: /x-www-form-urlencoded/,
  },
  {
    name: 'JSON in another character set',
    body: '{}',
    headers: { 'Content-Type': 'application/json; charset=latin1' },
    status: 415,
    code: 'unsupported-media-type',
  },
  {
    name: 'a compressed body',
    body: '{}',
    headers: { 'Content-Encoding': 'gzip' },
    status: 415,
    code: 'unsupported-media-type',
  },
  {
    name: 'a body of 2 MiB',
    body: { type: 'mark-ready', params: { x: 'x'.repeat(2 ** 21) } },
    status: 413,
    code: 'payload-too-large',
  },
  {
    name: 'an unknown type',
    body: { type: 'format-disk' },
    status: 400,
    code: 'unknown-type',
    says: /"format-disk".*mark-ready/,
  },
  {
    name: 'a type without a handler here',
    body: { type: 'snapshot-restore', params: {} },
    status: 400,
    code: 'unknown-type',
  },
  { name: 'no type', body: { params: {} }, status: 400, code: 'invalid-request', fault: ['type', /string/] },
  {
    name: 'an unknown member',
    body: { type: 'mark-ready', prams: {} },
    status: 400,
    code: 'invalid-request',
    fault: ['', /prams/],
  },
  {
    name: 'an id that is no UUID in the body',
    body: { type: 'mark-ready', id: 'seven' },
    status: 400,
    code: 'invalid-request',
    fault: ['id', /"seven"/],
  },
  {
    name: 'params of a wrong type',
    body: { ...patch, params: { files: { 'config.toml': 7 } } },
    status: 400,
    code: 'invalid-params',
    fault: ['params.files."config.toml"', /got 7/],
  },
  {
    name: 'unknown params',
    body: { ...patch, params: { file: {} } },
    status: 400,
    code: 'invalid-params',
    fault: ['params', /file/],
  },
  { name: 'params that miss something', body: { ...patch, params: {} }, status: 400, code: 'invalid-params' },
  {
    name: 'a secret in params',
    body: { ...patch, params: { dryRun: 'x', password: 'hunter2' } },
    status: 400,
    code: 'invalid-params',
    says: /^((?!hunter2).)*$/,
  },
  {
    name: 'control characters in params',
    body: { ...patch, params: { dryRun: '\u001b[2J\u202e' } },
    status: 400,
    code: 'invalid-params',
    fault: ['params.dryRun', /got "\\u001b\[2J\\u202e"/],
  },
  {
    name: 'params that the handler refuses',
    body: { type: 'config-reload', params: { fields: { a: 'b' } } },
    status: 400,
    code: 'egress-refused',
  },
  {
    name: 'a wrong cron',
    body: schedule({ cron: '99 * * * *' }),
    status: 400,
    code: 'invalid-schedule',
    says: /minute/i,
  },
  { name: 'a cron of four fields', body: schedule({ cron: '* * * *' }), status: 400, code: 'invalid-schedule' },
  { name: 'a day that never comes', body: schedule({ cron: '0 0 30 2 *' }), status: 400, code: 'invalid-schedule' },
  {
    name: 'an unknown time zone',
    body: schedule({ cron: '0 3 * * *', timeZone: 'Mars/Base' }),
    status: 400,
    code: 'invalid-schedule',
    says: /Mars\/Base/,
  },
  {
    name: 'two triggers',
    body: schedule({ cron: '0 3 * * *', blockHeight: 7 }),
    status: 400,
    code: 'invalid-request',
    fault: ['async.schedule', /exactly one/],
  },
  {
    name: 'height 0',
    body: schedule({ blockHeight: 0 }),
    status: 400,
    code: 'invalid-request',
    fault: ['async.schedule.blockHeight', /got 0/],
  },
  {
    name: 'schedule and daemon',
    body: { type: 'mark-ready', async: { schedule: { cron: '@daily' }, daemon: {} } },
    status: 400,
    code: 'invalid-request',
  },
  {
    name: 'mark-ready as a daemon',
    body: { type: 'mark-ready', async: { daemon: {} } },
    status: 400,
    code: 'invalid-request',
    fault: ['async.daemon', /mark-ready does not run as a daemon: run it once, or by async\.schedule/],
  },
  {
    name: 'a NodeTask of another namespace',
    body: { type: 'mark-ready', ref: { ...ref, namespace: 'other' } },
    status: 403,
    code: 'foreign-namespace',
    says: /"other".*"sei"/,
  },
  {
    name: 'a ref without uid',
    body: { type: 'mark-ready', ref: { namespace: 'sei', name: 'n' } },
    status: 400,
    code: 'invalid-request',
    fault: ['ref.uid', /./],
  },
  {
    name: 'a schedule update that changes nothing',
    method: 'PUT',
    path: `/v0/tasks/${id}/schedule`,
    body: {},
    status: 400,
    code: 'invalid-request',
  },
  {
    name: 'a schedule update of an unknown task',
    method: 'PUT',
    path: `/v0/tasks/${id}/schedule`,
    body: { suspend: true },
    status: 404,
    code: 'not-found',
  },
  {
    name: 'a limit of 0',
    method: 'GET',
    path: '/v0/tasks?limit=0',
    status: 400,
    code: 'invalid-request',
    fault: ['limit', /from 1 to 500.*"0"/],
  },
  { name: 'two limits', method: 'GET', path: '/v0/tasks?limit=1&limit=2', status: 400, code: 'invalid-request' },
  {
    name: 'an unknown query',
    method: 'GET',
    path: '/v0/tasks?page=2',
    status: 400,
    code: 'invalid-request',
    says: /page/,
  },
  {
    name: 'a forged cursor',
    method: 'GET',
    path: '/v0/tasks?cursor=abc',
    status: 400,
    code: 'invalid-request',
    says: /cursor/,
  },
  ...['-1', '1.5', '0x7', '7, 8', '01', ' ', '2147483648', '9007199254740991', '99999999999999999999'].map((fence) => ({
    name: `the fence ${JSON.stringify(fence)}`,
    body: { type: 'mark-ready' },
    headers: { [headers.fence]: fence },
    status: 400,
    code: 'invalid-request' as const,
    says: /X-NodeTask-Fence/,
  })),
  {
    name: 'a fence that is years ahead',
    body: { type: 'mark-ready' },
    headers: { [headers.fence]: '2147483647' },
    status: 409,
    code: 'fence-ahead',
    says: /the fence is 2147483647.*set the clocks/,
  },
];

const checkRefusal = (answer: Answer, refusal: Refusal): void => {
  assert.equal(answer.status, refusal.status, answer.text);
  const body = apiErrorSchema.parse(answer.body);
  assert.equal(body.code, refusal.code);
  assert.equal(body.retriable, errorCodes[refusal.code].retriable);
  assert.equal(errorCodes[refusal.code]['status' as never], refusal.status);
  assert.doesNotMatch(answer.text, /\.ts:\d|node_modules|hunter2/, 'no stack, no secret');
  // oxlint-disable-next-line no-control-regex -- the point
  assert.doesNotMatch(body.error, /[\u0000-\u001f\u007f-\u009f\u202e]/);
  assert.ok(body.error.length < 10_000);
  if (refusal.says !== undefined) assert.match(body.error, refusal.says);
  if (refusal.fault !== undefined) {
    const [path, message] = refusal.fault;
    const fault = body.details?.faults?.find((candidate) => candidate.path === path);
    assert.ok(fault !== undefined, `no fault at ${path} in ${answer.text}`);
    assert.match(fault.message, message);
  }
};

const checkIdentity = ({ headers: seen }: Pick<Answer, 'headers'>, server: TestServer): void => {
  assert.equal(seen.get(headers.podUID), server.identity.podUID);
  assert.equal(seen.get(headers.bootID), server.identity.bootID);
  assert.equal(seen.get(headers.journal), server.engine.journalID);
};

/** Everything of the engine that a request could have changed. */
const engineState = ({ engine, tests, store }: TestServer): string =>
  JSON.stringify({
    results: engine.recentResults({ limit: 500 }),
    status: engine.status(),
    ready: engine.healthz(),
    unreported: engine.unreported(500),
    runs: tests.runs.length,
    tombstoned: engine.isTombstoned(id),
    fence: store.getValue('fence'),
  });

for (const refusal of refusals) {
  test(`refused, and the engine untouched: ${refusal.name}`, async () => {
    await using server = await startTestServer();
    // Something is there that could be disturbed.
    await server.call('POST', '/v0/tasks', { type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } });
    await server.call('POST', '/v0/tasks', { id: randomUUID(), type: 'config-validate', ref });
    await server.tests.next(0);
    const before = engineState(server);

    const answer = await server.call(
      refusal.method ?? 'POST',
      refusal.path ?? '/v0/tasks',
      refusal.body,
      refusal.headers,
    );
    checkRefusal(answer, refusal);
    checkIdentity(answer, server);
    assert.equal(engineState(server), before);
    assert.equal((await server.call('GET', '/v0/status')).status, 200, 'and the server goes on');
  });
}

test('405 lists in Allow what the path takes', async () => {
  await using server = await startTestServer();
  const allow = async (method: string, path: string) => (await server.call(method, path)).headers.get('allow');
  assert.equal(await allow('PATCH', '/v0/tasks'), 'POST, GET, HEAD');
  assert.equal(await allow('OPTIONS', `/v0/tasks/${id}`), 'GET, HEAD, DELETE');
  assert.equal(await allow('DELETE', '/v0/metrics'), 'GET, HEAD');
});

test('a fault of the agent itself is a 500 that says nothing but the request id', async () => {
  await using server = await startTestServer();
  server.engine.status = () => {
    throw new Error('the secret inside');
  };
  const answer = await server.call('GET', '/v0/status');
  assert.equal(answer.status, 500);
  const body = answer.body as ApiErrorBody;
  assert.equal(body.code, 'internal');
  assert.doesNotMatch(answer.text, /secret inside/);
  assert.ok(body.error.includes(answer.headers.get('x-request-id') ?? 'no id'));
  checkIdentity(answer, server);
});

test('a journal that cannot be used is 503, also for liveness', async () => {
  await using server = await startTestServer();
  server.store.close();
  for (const [method, path, body] of [
    ['GET', '/v0/livez', undefined],
    ['GET', '/v0/tasks', undefined],
    ['POST', '/v0/tasks', { type: 'mark-ready' }],
  ] as const) {
    const answer = await server.call(method, path, body);
    assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [503, 'store-unavailable'], path);
  }
  const { text } = await server.call('GET', '/v0/metrics');
  assert.match(text, /nodetask_agent_store_errors_total [3-9]$/m);
  assert.match(text, /nodetask_agent_report_queue_depth NaN/i);
});

const raw = async (server: TestServer, bytes: string): Promise<string> => {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(bytes);
  return readText(socket);
};

test('bytes that are no HTTP get a JSON answer too', async () => {
  await using server = await startTestServer();
  const answer = await raw(server, 'this is not http\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.ok(answer.includes(`${headers.bootID}: ${server.identity.bootID}`));
  assert.match(answer, /"code":"invalid-request"/);
});

test('headers that are too large are 431', async () => {
  await using server = await startTestServer();
  const answer = await raw(server, `GET /v0/status HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 431 /);
  assert.match(answer, /16 KiB/);
});

test('a body without end is cut at 8 MiB, and the agent goes on', { timeout: 30_000 }, async () => {
  // Nothing else is to end it.
  await using server = await startTestServer({ limits: { requestMs: 600_000 } });
  const socket = await openRaw(server.port);
  let answer = '';
  socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
  socket.write(
    'POST /v0/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const send = (): void => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', send);
  send();
  // The answer may be lost: what is still on its way resets the connection.
  await untilClosed(socket);
  if (answer !== '') assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.equal((await server.call('GET', '/v0/status')).status, 200);
});
