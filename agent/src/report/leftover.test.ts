import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingReport } from '../engine/engine-api.ts';
import { isStillWanted } from './leftover.ts';

const id = 'f3c1b7de-1111-4222-8333-444455556666';
const other = 'f3c1b7de-1111-4222-8333-444455556667';

const report: PendingReport = {
  id,
  ref: { namespace: 'sei', name: 'n', uid: 'u1', maxResultBytes: 2048 },
  revision: 3,
  result: { id, type: 'mark-ready', status: 'completed', submittedAt: '2026-01-01T00:00:10.000Z', run: 1 },
  runs: [],
  urgent: true,
};

const object = (uid: string, result?: { readonly id: string; readonly submittedAt: string }) => ({
  metadata: { uid, more: true },
  status: {
    targets: [{ pod: 'other' }, { pod: 'sei-0', phase: 'Running', ...(result === undefined ? {} : { result }) }],
  },
});

const table: readonly [what: string, object: unknown, wanted: boolean][] = [
  ['no status yet', { metadata: { uid: 'u1' } }, true],
  ['no result yet', object('u1'), true],
  ['an earlier state of the same task', object('u1', { id, submittedAt: '2026-01-01T00:00:10.000Z' }), true],
  ['an earlier task', object('u1', { id: other, submittedAt: '2026-01-01T00:00:09.000Z' }), true],
  ['a later task', object('u1', { id: other, submittedAt: '2026-01-01T00:00:11.000Z' }), false],
  ['another object of the same name', object('u2'), false],
];

for (const [what, seen, wanted] of table) {
  test(`${what}: ${wanted ? 'wanted' : 'not wanted'}`, () => {
    assert.equal(isStillWanted(report, seen, 'sei-0'), wanted);
  });
}
