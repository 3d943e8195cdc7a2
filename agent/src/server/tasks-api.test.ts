import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type ApiErrorBody, headers, type SubmitRequest, type TaskResult } from '@nodetask/shared';
import { startTestServer, testNamespace, type TestServer } from '../../test/support/test-server.ts';

const ref = (uid: string) => ({ namespace: testNamespace, name: 'a-task', uid, maxResultBytes: 2048 });

const fence = (value: string) => ({ [headers.fence]: value });

const result = async (server: TestServer, id: string): Promise<TaskResult> =>
  (await server.call('GET', `/v0/tasks/${id}`)).body as TaskResult;

const settled = async (server: TestServer, id: string): Promise<TaskResult> => {
  await server.engine.stopped(id);
  return result(server, id);
};

test('a one-shot is accepted with 202 and its result can be read', async () => {
  await using server = await startTestServer();
  const answer = await server.call('POST', '/v0/tasks', { type: 'mark-ready' });
  assert.equal(answer.status, 202);
  const { id } = answer.body as { id: string };
  const done = await settled(server, id);
  assert.equal(done.status, 'completed');
  assert.equal(done.run, 1);
});

test('a schedule and a daemon are accepted with 201', async () => {
  await using server = await startTestServer();
  const schedule = await server.call('POST', '/v0/tasks', {
    type: 'config-validate',
    async: { schedule: { cron: '0 3 * * *' } },
  });
  const daemon = await server.call('POST', '/v0/tasks', { type: 'config-validate', async: { daemon: {} } });
  assert.deepEqual([schedule.status, daemon.status], [201, 201]);
  const { id } = schedule.body as { id: string };
  assert.equal((await result(server, id)).status, 'running');
});

test('the same id and request again is the same answer and no second run; another request is a conflict', async () => {
  await using server = await startTestServer();
  const task = { id: randomUUID(), type: 'config-validate', params: {}, ref: ref('u1') };
  const first = await server.call('POST', '/v0/tasks', task);
  await server.tests.next(0);
  const second = await server.call('POST', '/v0/tasks', { ...task, ref: { ...ref('u1'), maxResultBytes: 4096 } });
  assert.deepEqual([first.status, second.status], [202, 202]);
  assert.deepEqual(second.body, { id: task.id });
  assert.equal(server.tests.runs.length, 1);
  const other = await server.call('POST', '/v0/tasks', { ...task, ref: ref('u2') });
  assert.equal(other.status, 409);
  assert.equal((other.body as ApiErrorBody).code, 'conflict');
});

test('a zero value of Go is the same request as an absent member, over HTTP and in the library', async () => {
  await using server = await startTestServer();
  const id = randomUUID();
  const daily = { schedule: { cron: '@daily' } };
  const sent = { id, type: 'config-validate', async: daily };
  const zeros = {
    params: { targetVersion: 0, dialect: '' },
    async: { schedule: { cron: '@daily', timeZone: '', blockHeight: 0 }, daemon: null },
    resume: null,
    ref: null,
  };
  assert.deepEqual((await server.call('POST', '/v0/tasks', sent)).body, { id });
  const again = await server.call('POST', '/v0/tasks', { ...sent, ...zeros });
  assert.deepEqual([again.status, again.body], [201, { id }]);
  assert.equal(server.engine.submitRequest({ ...sent, ...zeros } as unknown as SubmitRequest).id, id);
  for (const unset of ['', null, '00000000-0000-0000-0000-000000000000']) {
    const answer = await server.call('POST', '/v0/tasks', { type: 'config-validate', id: unset, async: daily });
    assert.equal(answer.status, 201, answer.text);
    assert.notEqual((answer.body as { id: string }).id, unset);
  }
  const updated = { cron: '', timeZone: null, suspend: true };
  assert.equal((await server.call('PUT', `/v0/tasks/${id}/schedule`, updated)).status, 200);
  const none = await server.call('POST', '/v0/tasks', { type: 'config-validate', async: null, params: null });
  assert.equal(none.status, 202);
});

test('the answer to a known id says how that task stands, and to a new one nothing', async () => {
  await using server = await startTestServer();
  const task = { id: randomUUID(), type: 'config-validate' };
  const post = async (more = {}) => {
    const { status, headers: sent } = await server.call('POST', '/v0/tasks', { ...task, ...more });
    return [status, sent.get(headers.known)];
  };
  assert.deepEqual(await post(), [202, null]);
  const run = await server.tests.next(0);
  assert.deepEqual(await post(), [202, 'running']);
  run.fail(new Error('boom'));
  await settled(server, task.id);
  assert.deepEqual(await post(), [202, 'failed']);
  assert.equal(server.tests.runs.length, 1);
  assert.deepEqual(await post({ run: 2 }), [202, null]);
});

test('busy names who blocks, and when to try again', async () => {
  await using server = await startTestServer();
  const blocker = { id: randomUUID(), type: 'config-validate', ref: ref('u1') };
  await server.call('POST', '/v0/tasks', blocker);
  const answer = await server.call('POST', '/v0/tasks', { type: 'mark-ready' });
  assert.equal(answer.status, 409);
  const body = answer.body as ApiErrorBody;
  assert.equal(body.code, 'busy');
  assert.equal(body.retriable, true);
  assert.equal(body.details?.blockedBy?.id, blocker.id);
  assert.deepEqual(body.details.blockedBy.ref, blocker.ref);
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
});

test('a failed one-shot runs again with run = stored + 1, and only so', async () => {
  await using server = await startTestServer();
  const task = { id: randomUUID(), type: 'config-validate' };
  await server.call('POST', '/v0/tasks', task);
  (await server.tests.next(0)).fail(new Error('no'));
  assert.equal((await settled(server, task.id)).status, 'failed');
  const wrong = await server.call('POST', '/v0/tasks', { ...task, run: 3 });
  assert.deepEqual([wrong.status, (wrong.body as ApiErrorBody).code], [409, 'run-mismatch']);
  assert.equal((await server.call('POST', '/v0/tasks', { ...task, run: 2 })).status, 202);
  (await server.tests.next(1)).finish();
  const done = await settled(server, task.id);
  assert.deepEqual([done.status, done.run], ['completed', 2]);
});

test('delete stops the work, forgets the result and leaves a tombstone', async () => {
  await using server = await startTestServer();
  const task = { id: randomUUID(), type: 'config-validate' };
  await server.call('POST', '/v0/tasks', task);
  const run = await server.tests.next(0);
  assert.equal((await server.call('DELETE', `/v0/tasks/${task.id}`)).status, 204);
  assert.equal(run.context.signal.aborted, true);
  assert.equal((await server.call('GET', `/v0/tasks/${task.id}`)).status, 404);
  const again = await server.call('POST', '/v0/tasks', task);
  assert.deepEqual([again.status, (again.body as ApiErrorBody).code], [410, 'gone']);
  assert.equal((await server.call('DELETE', `/v0/tasks/${task.id}`)).status, 204, 'idempotent');
});

test('delete of an id that was never seen keeps it from ever running', async () => {
  await using server = await startTestServer();
  const task = { id: randomUUID(), type: 'mark-ready' };
  assert.equal((await server.call('DELETE', `/v0/tasks/${task.id}`)).status, 204);
  assert.equal((await server.call('POST', '/v0/tasks', task)).status, 410);
});

test('the list is newest first and paged by Link', async () => {
  await using server = await startTestServer();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) {
    const { id } = (await server.call('POST', '/v0/tasks', { type: 'mark-ready' })).body as { id: string };
    await server.engine.stopped(id);
    ids.unshift(id);
  }
  const seen: string[] = [];
  let path: string | undefined = '/v0/tasks?limit=2';
  for (let page = 0; path !== undefined && page < 10; page++) {
    const answer = await server.call('GET', path);
    seen.push(...(answer.body as TaskResult[]).map(({ id }) => id));
    path = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  assert.deepEqual(seen, ids);
});

test('a schedule is changed by PUT, idempotently', async () => {
  await using server = await startTestServer();
  const id = randomUUID();
  await server.call('POST', '/v0/tasks', { id, type: 'mark-ready', async: { schedule: { cron: '0 3 * * *' } } });
  for (let repeat = 0; repeat < 2; repeat++) {
    const answer = await server.call('PUT', `/v0/tasks/${id}/schedule`, {
      cron: '30 4 * * *',
      timeZone: 'Europe/Berlin',
    });
    assert.equal(answer.status, 200);
    assert.deepEqual((answer.body as TaskResult).async?.schedule, { cron: '30 4 * * *', timeZone: 'Europe/Berlin' });
  }
  const missing = await server.call('PUT', `/v0/tasks/${randomUUID()}/schedule`, { suspend: true });
  assert.deepEqual([missing.status, (missing.body as ApiErrorBody).code], [404, 'not-found']);
});

test('a lower fence than seen is refused before anything else, but for the token', async () => {
  await using server = await startTestServer();
  assert.equal((await server.call('POST', '/v0/tasks', { type: 'mark-ready' }, fence('7'))).status, 202);
  for (const [method, path, body] of [
    ['POST', '/v0/tasks', 'not json'],
    ['PUT', `/v0/tasks/${randomUUID()}/schedule`, '{}'],
    ['DELETE', '/v0/tasks/no-uuid', undefined],
  ] as const) {
    const answer = await server.call(method, path, body, fence('6'));
    assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [409, 'fenced'], `${method} ${path}`);
  }
  assert.equal((await server.call('GET', '/v0/tasks', undefined, fence('6'))).status, 200, 'reading is not fenced');
  assert.equal((await server.call('DELETE', `/v0/tasks/${randomUUID()}`, undefined, fence('7'))).status, 204);
});

for (const [method, path, body] of [
  ['POST', '/v0/tasks', { type: 'config-validate' }],
  ['PUT', `/v0/tasks/${randomUUID()}/schedule`, { suspend: true }],
] as const) {
  test(`${method} whose body ends after the call of a newer leader is refused`, { timeout: 60_000 }, async () => {
    await using server = await startTestServer();
    const text = JSON.stringify(body);
    const late = startRequest(`${server.url}${path}`, {
      method,
      headers: { ...fence('6'), 'content-type': 'application/json', 'content-length': text.length },
    });
    const answered = once(late, 'response') as Promise<[IncomingMessage]>;
    late.write(text.slice(0, 1));
    while (server.store.getValue('fence') !== '6') await setImmediate();
    const newer = await server.call('POST', '/v0/tasks', { type: 'mark-ready' }, fence('7'));
    assert.equal(newer.status, 202);
    late.end(text.slice(1));
    const [answer] = await answered;
    assert.deepEqual([answer.statusCode, ((await json(answer)) as ApiErrorBody).code], [409, 'fenced']);
    assert.deepEqual(
      server.engine.recentResults({ limit: 10 }).results.map(({ type }) => type),
      ['mark-ready'],
    );
  });
}

test('status and the gates follow mark-ready', async () => {
  await using server = await startTestServer();
  assert.deepEqual((await server.call('GET', '/v0/status')).body, { status: 'Initializing' });
  for (const path of ['/v0/healthz', '/v0/startupz']) {
    const answer = await server.call('GET', path);
    assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [503, 'not-ready']);
  }
  assert.equal((await server.call('GET', '/v0/livez')).status, 200);
  const { id } = (await server.call('POST', '/v0/tasks', { type: 'mark-ready' })).body as { id: string };
  await server.engine.stopped(id);
  assert.deepEqual((await server.call('GET', '/v0/status')).body, { status: 'Ready' });
  for (const path of ['/v0/healthz', '/v0/startupz']) assert.equal((await server.call('GET', path)).status, 200);
});

const meantFor = (uid: string, leader: string) => ({ ...fence(leader), [headers.podUID]: uid });

test('what is meant for another pod changes nothing here, not even the fence', async () => {
  await using server = await startTestServer();
  const task = { id: randomUUID(), type: 'mark-ready' };
  for (const [method, path] of [
    ['POST', '/v0/tasks'],
    ['DELETE', `/v0/tasks/${task.id}`],
  ] as const) {
    const body = method === 'POST' ? task : undefined;
    const answer = await server.call(method, path, body, meantFor('another-uid', '9'));
    assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [421, 'wrong-pod'], method);
  }
  assert.equal((await server.call('GET', `/v0/tasks/${task.id}`)).status, 404);
  assert.equal((await server.call('POST', '/v0/tasks', task, meantFor('pod-uid-1', '1'))).status, 202);
});

test('metrics count what happened, with labels of few values', async () => {
  await using server = await startTestServer();
  const { id } = (await server.call('POST', '/v0/tasks', { type: 'mark-ready' })).body as { id: string };
  await server.engine.stopped(id);
  await server.call('GET', `/v0/tasks/${id}`);
  await server.call('GET', '/no/such/path');
  const { text, headers: seen } = await server.call('GET', '/v0/metrics');
  assert.match(seen.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  for (const line of [
    'nodetask_agent_tasks_submitted_total{type="mark-ready"} 1',
    'nodetask_agent_task_duration_seconds_count{type="mark-ready",outcome="changed"} 1',
    'nodetask_agent_http_requests_total{method="GET",route="/v0/tasks/{id}",code="200"} 1',
    'nodetask_agent_http_requests_total{method="GET",route="none",code="404"} 1',
    'nodetask_agent_ready 1',
    'nodetask_agent_report_queue_depth 0',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
  }
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  assert.doesNotMatch(text, new RegExp(id));
});

test('while the agent stops, new work is refused and reading goes on', async () => {
  await using server = await startTestServer();
  server.beginStop();
  const answer = await server.call('POST', '/v0/tasks', { type: 'mark-ready' });
  assert.deepEqual([answer.status, (answer.body as ApiErrorBody).code], [503, 'stopping']);
  assert.ok(answer.headers.has('retry-after'));
  assert.equal((await server.call('GET', '/v0/tasks')).status, 200);
});
