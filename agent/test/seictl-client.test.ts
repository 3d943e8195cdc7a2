import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { type ApiErrorBody, taskParams } from '@nodetask/shared';
import type { TaskHandlers } from '../src/engine/task-handler.ts';
import { createEgress } from '../src/node/testing/loopback-egress.ts';
import { createHandlers } from '../src/tasks/handlers.ts';
import { startTestServer } from './support/test-server.ts';

/** The requests of seictl's Go client, as testbed/go/seictl-client recorded them, are answered as docs/coming-from-seictl.md says. */

interface Recorded {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  /** Null: it has none. */
  readonly body: object | null;
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

const versions = ['v0.0.17', 'v0.0.70'] as const;
const recorded = versions.flatMap((version) =>
  (JSON.parse(read(`seictl-requests/${version}.json`)) as { requests: readonly Recorded[] }).requests.map(
    (request) => ({ version, ...request }),
  ),
);

/** The rows of the page's last table: request, version, answer, what to do instead. */
const rows = read('../../docs/coming-from-seictl.md')
  .split('## Request by request')[1]
  ?.split('\n')
  .filter((line) => /^\| .*\| v\d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll(/^`|`$/g, '')))
  .map(([, name = '', version = '', answer = '', instead = '']) => ({ name, version, answer, instead }));

const run = () => Promise.resolve({ outcome: 'changed' } as const);

/** The real handlers judge each request; none of them does its work. */
const judges = (): TaskHandlers => {
  const egress = createEgress({ nodeRPC: 'http://127.0.0.1:1', allowHosts: [] });
  const handlers = createHandlers({
    home: '/nowhere',
    stateFolder: '/nowhere/.nodetask',
    nodeRPC: 'http://127.0.0.1:1',
    egress,
    clock: systemClock,
    hostname: 'sei-0',
    cpus: 1,
  });
  return Object.fromEntries(Object.entries(handlers).map(([type, handler]) => [type, { ...handler, run }]));
};

const ownId = '0123456789'.repeat(4);

describe('requests of the Go client of seictl', () => {
  for (const { name, version, method, path, contentType, body } of recorded) {
    test(`${version}: ${name}`, async () => {
      const row = rows?.find((one) => one.name === name && one.version === version);
      assert.ok(row, 'the page has a row for it');
      await using server = await startTestServer({ handlers: judges(), nodeId: () => Promise.resolve(ownId) });
      const answer =
        body === null
          ? await server.call(method, path)
          : await server.call(method, path, body, { 'Content-Type': contentType });
      const error = answer.body as ApiErrorBody;
      assert.equal(answer.status < 300 ? 'accepted' : error.code, row.answer, answer.text);
      // The client takes any other answer to this for an error.
      if (path === '/v0/node-id') assert.deepEqual([answer.status, answer.body], [200, { nodeId: ownId }]);
      if (row.answer === 'accepted') return;
      assert.equal(answer.status, 400);
      assert.notEqual(row.instead, '', 'the page says what to do instead');
      assert.equal(error.retriable, false);
      assert.ok(error.error.length > 0);
    });
  }

  test('the page has no row for a request that the client does not make', () => {
    const names = recorded.map(({ name, version }) => `${version} ${name}`);
    assert.deepEqual(
      rows?.map(({ name, version }) => `${version} ${name}`),
      names,
    );
    assert.equal(new Set(names).size, names.length);
  });

  test('the page names each task type and each parameter that the client sends', () => {
    const page = read('../../docs/coming-from-seictl.md').split('## Request by request')[0] ?? '';
    for (const { body } of recorded) {
      if (body === null) continue;
      const { type, params = {} } = body as { type: string; params?: object };
      assert.ok(page.includes(`\`${type}\``), type);
      if (!Object.hasOwn(taskParams, type)) continue;
      for (const key of Object.keys(params)) assert.ok(page.includes(`\`${key}\``), `${type}: ${key}`);
    }
  });
});
