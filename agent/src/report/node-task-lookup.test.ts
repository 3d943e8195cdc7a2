import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import type { OwnedTask } from '../engine/node-tasks.ts';
import type { ApiAnswer } from './api-server.ts';
import { NodeTaskLookup } from './node-task-lookup.ts';

const id = 'f3c1b7de-1111-4222-8333-444455556666';
const ref = { namespace: 'sei', name: 'job', uid: 'u1', maxResultBytes: 2048 };
const task: OwnedTask = {
  id,
  kind: 'daemon',
  type: 'result-export',
  params: {},
  ref,
  fingerprint: '',
  result: { id, type: 'result-export', status: 'running', submittedAt: '2026-01-01T00:00:00.000Z', run: 1 },
  active: true,
  runs: [],
  revision: 1,
  reportedRevision: 0,
  sequence: 1,
};

const lookup = (answer: Partial<ApiAnswer> | Error) => {
  const clock = new FakeClock();
  const paths: string[] = [];
  const nodeTasks = new NodeTaskLookup({
    clock,
    podName: 'sei-0',
    transport: {
      read: async (path) => {
        paths.push(path);
        if (answer instanceof Error) throw answer;
        return { status: 200, reason: '', message: '', retryAfterMs: undefined, ...answer };
      },
    },
  });
  const ask = async () => nodeTasks.ask(task, AbortSignal.timeout(1000));
  return { nodeTasks, clock, paths, ask };
};

const table: readonly [what: string, answer: Partial<ApiAnswer> | Error, kind: string][] = [
  ['the NodeTask', { object: { metadata: { uid: 'u1' } } }, 'wanted'],
  ['a NodeTask of the same name', { object: { metadata: { uid: 'u2' } } }, 'gone'],
  ['no such NodeTask', { status: 404, message: 'nodetasks.nodetask.dev "job" not found' }, 'gone'],
  ['no such API, or the 404 of a proxy', { status: 404, message: '404 page not found' }, 'away'],
  ['no right to ask', { status: 403, message: 'nodetasks is forbidden' }, 'forbidden'],
  ['a token that has ended', { status: 401 }, 'away'],
  ['a wish for a pause', { status: 429, retryAfterMs: 1000 }, 'away'],
  ['a fault', { status: 500 }, 'away'],
  ['nothing that is a NodeTask', { object: [] }, 'away'],
  ['nothing at all', new Error('connect ECONNREFUSED'), 'away'],
];

for (const [what, answer, kind] of table) {
  test(`the API server answers with ${what}: ${kind}`, async () => {
    const { ask, paths, nodeTasks } = lookup(answer);
    assert.equal((await ask()).kind, kind);
    assert.deepEqual(paths, ['/apis/nodetask.dev/v1alpha1/namespaces/sei/nodetasks/job']);
    assert.equal(nodeTasks.isFresh(ref), kind === 'wanted');
  });
}

test('a NodeTask that was seen counts as there for ten minutes, one of the same name does not', async () => {
  const { nodeTasks, clock } = lookup({});
  nodeTasks.seen(ref);
  await clock.advance(599_999);
  assert.ok(nodeTasks.isFresh(ref));
  assert.equal(nodeTasks.isFresh({ ...ref, uid: 'u2' }), false);
  await clock.advance(1);
  assert.equal(nodeTasks.isFresh(ref), false);
});
