import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { z } from 'zod';
import { startTestServer, testNamespace } from '../../test/support/test-server.ts';
import { openAPIDocument, openAPIText } from './openapi.ts';
import { routes } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

const document = JSON.parse(openAPIText()) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
};

test('the document is the same each time', () => {
  assert.deepEqual(openAPIDocument(), openAPIDocument());
  assert.deepEqual(JSON.parse(openAPIText()), openAPIDocument());
});

test('every route of the app is in the document, and the other way round', async () => {
  const { createApp } = await import('./app.ts');
  const app = createApp({} as never) as Express & {
    readonly router: {
      readonly stack: readonly { readonly route?: { readonly path: string; readonly methods: Json } }[];
    };
  };
  const served = app.router.stack.flatMap(({ route }) =>
    route === undefined || '_all' in route.methods
      ? []
      : Object.keys(route.methods).map((method) => `${method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`),
  );
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(served.sort(), documented.sort());
  assert.equal(served.length, routes.length);
});

test('every reference leads somewhere', () => {
  const references = [...openAPIText().matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path]) => path ?? '');
  assert.ok(references.length > 50);
  for (const reference of new Set(references)) {
    const target = reference.split('/').reduce<unknown>((value, part) => (value as Json)[part], document);
    assert.notEqual(target, undefined, reference);
  }
});

test('operation ids are unique', () => {
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
});

/** The schema of an answer as a checker, made from the document alone. */
const checker = (method: string, path: string, status: number): z.ZodType => {
  const responses = document.paths[path]?.[method]?.['responses'] as Readonly<Record<string, Json>>;
  const response = responses[String(status)];
  assert.ok(response !== undefined, `${method} ${path} does not document ${String(status)}`);
  const content = response['content'] as { readonly 'application/json'?: { readonly schema: Json } } | undefined;
  const schema = content?.['application/json']?.schema;
  assert.ok(schema !== undefined, `${method} ${path} ${String(status)} has no JSON schema`);
  const local = (value: Json): Json =>
    JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/')) as Json;
  return z.fromJSONSchema({ ...local(schema), $defs: local(document.components.schemas) } as never);
};

test('real answers are as the document says', async () => {
  await using server = await startTestServer();
  const check = async (
    method: string,
    template: string,
    status: number,
    id = '',
    body?: unknown,
    query = '',
  ): Promise<unknown> => {
    const answer = await server.call(method.toUpperCase(), template.replace('{id}', id) + query, body);
    assert.equal(answer.status, status, `${method} ${template}: ${answer.text}`);
    checker(method, template, status).parse(answer.body);
    return answer.body;
  };
  const ref = { namespace: testNamespace, name: 'n', uid: 'u', maxResultBytes: 2048 };
  const id = randomUUID();
  const schedule = randomUUID();
  await check('get', '/v0/healthz', 503);
  await check('get', '/v0/startupz', 503);
  await check('get', '/v0/livez', 200);
  await check('get', '/v0/status', 200);
  await check('post', '/v0/tasks', 202, '', { id, type: 'config-validate', ref });
  await check('post', '/v0/tasks', 409, '', { type: 'mark-ready' });
  await check('post', '/v0/tasks', 400, '', { type: 'config-patch', params: { dryRun: 1 } });
  await check('post', '/v0/tasks', 403, '', { type: 'mark-ready', ref: { ...ref, namespace: 'x' } });
  await check('post', '/v0/tasks', 415, '', undefined);
  const run = await server.tests.next(0);
  run.context.progress({ stage: 's', done: 1, total: 2, unit: 'files' });
  await check('get', '/v0/tasks/{id}', 200, id);
  run.finish({ some: ['output'] });
  await server.engine.stopped(id);
  await check('get', '/v0/tasks/{id}', 200, id);
  await check('post', '/v0/tasks', 201, '', {
    id: schedule,
    type: 'mark-ready',
    async: { schedule: { cron: '@daily', startingDeadlineSeconds: 60 } },
  });
  await check('put', '/v0/tasks/{id}/schedule', 200, schedule, { startingDeadlineSeconds: null, suspend: true });
  await check('put', '/v0/tasks/{id}/schedule', 404, randomUUID(), { suspend: true });
  await check('get', '/v0/tasks', 200);
  await check('get', '/v0/tasks', 400, '', undefined, '?limit=x');
  await check('get', '/v0/tasks/{id}', 404, randomUUID());
  await check('get', '/v0/tasks/{id}/watch', 404, randomUUID());
  await check('delete', '/v0/tasks/{id}', 400, 'x');
  await check('get', '/v0/openapi.json', 200);
  await server.call('DELETE', `/v0/tasks/${id}`);
  await check('post', '/v0/tasks', 410, '', { id, type: 'config-validate', ref });
  server.store.close();
  await check('get', '/v0/livez', 503);
});

test('the schema of a request refuses what the agent refuses', () => {
  const local = JSON.parse(
    JSON.stringify(document.components.schemas).replaceAll('#/components/schemas/', '#/$defs/'),
  ) as Json;
  const request = z.fromJSONSchema({ $ref: '#/$defs/SubmitRequest', $defs: local } as never);
  assert.equal(request.safeParse({ type: 'mark-ready' }).success, true);
  assert.equal(request.safeParse({ type: 'mark-ready', prams: {} }).success, false);
  assert.equal(request.safeParse({ type: 'format-disk' }).success, false);
  assert.equal(request.safeParse({ type: 'config-patch', params: { dryRun: 1 } }).success, false);
  assert.equal(
    request.safeParse({ type: 'config-patch', params: { dryRun: true, files: { 'app.toml': {} } } }).success,
    true,
  );
  assert.equal(request.safeParse({ id: 'x', type: 'mark-ready' }).success, false);
});
