import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { TaskError } from '@nodetask/shared';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { startTestServer, testNamespace } from '../../test/support/test-server.ts';
import { createApp } from './app.ts';
import { openAPIDocument, openAPIText } from './openapi.ts';
import { routes } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

const document = JSON.parse(openAPIText(routes)) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
};

test('the document is the same each time', () => {
  assert.deepEqual(openAPIDocument(routes), openAPIDocument(routes));
  assert.deepEqual(JSON.parse(openAPIText(routes)), openAPIDocument(routes));
});

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Json };
}

test('every route of the app is in the document, and the other way round', () => {
  const app = createApp({ routes } as never);
  const served = (app.router.stack as unknown as readonly Layer[]).flatMap(({ route }) =>
    // `_all` answers every method: the token before a route, 405 after it.
    Object.keys(route?.methods ?? {})
      .filter((method) => method !== '_all')
      .map((method) => `${method} ${route?.path.replaceAll(/:(\w+)/g, '{$1}') ?? ''}`),
  );
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(served.sort(), documented.sort());
  assert.equal(served.length, routes.length);
});

test('every reference leads somewhere', () => {
  const references = [...openAPIText(routes).matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path]) => path ?? '');
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

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: 'agent' });

/** Checks a value against a schema of the document, by a validator that shares nothing with this project. */
const check = (schema: Json, value: unknown, what: string): boolean => {
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"agent#/')) as Json;
  const isValid = ajv.validate(absolute, value);
  if (!isValid && what !== '') assert.fail(`${what}: ${ajv.errorsText()} in ${JSON.stringify(value)}`);
  return isValid;
};

const answerSchema = (method: string, path: string, status: number): Json => {
  const responses = document.paths[path]?.[method]?.['responses'] as Readonly<Record<string, Json>>;
  const response = responses[String(status)];
  assert.ok(response !== undefined, `${method} ${path} does not document ${String(status)}`);
  const content = response['content'] as { readonly 'application/json'?: { readonly schema: Json } } | undefined;
  const schema = content?.['application/json']?.schema;
  assert.ok(schema !== undefined, `${method} ${path} ${String(status)} has no JSON schema`);
  return schema;
};

test('real answers are as the document says', async () => {
  let hasKey = false;
  const nodeId = '0123456789'.repeat(4);
  await using server = await startTestServer({
    nodeId: () => (hasKey ? Promise.resolve(nodeId) : Promise.reject(new TaskError('node-key-missing', 'no key'))),
  });
  const ask = async (
    method: string,
    template: string,
    status: number,
    id = '',
    body?: unknown,
    query = '',
  ): Promise<unknown> => {
    const answer = await server.call(method.toUpperCase(), template.replace('{id}', id) + query, body);
    assert.equal(answer.status, status, `${method} ${template}: ${answer.text}`);
    check(answerSchema(method, template, status), answer.body, `${method} ${template} ${String(status)}`);
    return answer.body;
  };
  const ref = { namespace: testNamespace, name: 'n', uid: 'u', maxResultBytes: 2048 };
  const id = randomUUID();
  const schedule = randomUUID();
  await ask('get', '/v0/healthz', 503);
  await ask('get', '/v0/startupz', 503);
  await ask('get', '/v0/livez', 200);
  await ask('get', '/v0/status', 200);
  await ask('get', '/v0/node-id', 404);
  hasKey = true;
  await ask('get', '/v0/status', 200);
  await ask('get', '/v0/node-id', 200);
  await ask('post', '/v0/tasks', 202, '', { id, type: 'config-validate', ref });
  await ask('post', '/v0/tasks', 409, '', { type: 'mark-ready' });
  await ask('post', '/v0/tasks', 400, '', { type: 'config-patch', params: { dryRun: 1 } });
  await ask('post', '/v0/tasks', 403, '', { type: 'mark-ready', ref: { ...ref, namespace: 'x' } });
  await ask('post', '/v0/tasks', 415, '', undefined);
  const run = await server.tests.next(0);
  run.context.progress({ stage: 's', done: 1, total: 2, unit: 'files' });
  await ask('get', '/v0/tasks/{id}', 200, id);
  run.finish({ some: ['output'] });
  await server.engine.stopped(id);
  await ask('get', '/v0/tasks/{id}', 200, id);
  await ask('post', '/v0/tasks', 201, '', {
    id: schedule,
    type: 'mark-ready',
    async: { schedule: { cron: '@daily', startingDeadlineSeconds: 60 } },
  });
  await ask('put', '/v0/tasks/{id}/schedule', 200, schedule, { startingDeadlineSeconds: null, suspend: true });
  await ask('put', '/v0/tasks/{id}/schedule', 404, randomUUID(), { suspend: true });
  await ask('get', '/v0/tasks', 200);
  await ask('get', '/v0/tasks', 400, '', undefined, '?limit=x');
  await ask('get', '/v0/tasks/{id}', 404, randomUUID());
  await ask('get', '/v0/tasks/{id}/watch', 404, randomUUID());
  await ask('delete', '/v0/tasks/{id}', 400, 'x');
  await ask('get', '/v0/openapi.json', 200);
  await server.call('DELETE', `/v0/tasks/${id}`);
  await ask('post', '/v0/tasks', 410, '', { id, type: 'config-validate', ref });
  server.store.close();
  await ask('get', '/v0/livez', 503);
});

const requests: readonly [request: unknown, good: boolean][] = [
  [{ type: 'mark-ready' }, true],
  [{ type: 'config-patch', params: { dryRun: true, files: { 'app.toml': {} } } }, true],
  [{ type: 'mark-ready', async: { schedule: { cron: '@daily' } } }, true],
  [{ type: 'mark-ready', prams: {} }, false],
  [{ type: 'mark-ready', params: { any: 1 } }, false],
  [{ id: 'x', type: 'mark-ready' }, false],
  [{ type: 'format-disk' }, false],
  [{ type: 'config-patch', params: { dryRun: 1 } }, false],
];

for (const [request, good] of requests) {
  test(`the schema of a request ${good ? 'takes' : 'refuses'} ${JSON.stringify(request)}`, () => {
    assert.equal(check({ $ref: '#/components/schemas/SubmitRequest' }, request, ''), good);
  });
}
