import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentPod } from '../agents/agent-pod.ts';
import { matchesLabels, selectorQuery, selectPods } from './select-pods.ts';

const pod = (name: string, labels: Record<string, string> = {}): AgentPod => ({
  metadata: { name, namespace: 'sei', uid: `uid-${name}`, resourceVersion: '1' },
  labels,
  createdAt: 0,
  pulse: '',
  restarts: 0,
});

const labels = { app: 'sei', role: 'rpc' };
const cases: { selector: Parameters<typeof matchesLabels>[0]; matches: boolean; query: string }[] = [
  { selector: { matchLabels: { app: 'sei' } }, matches: true, query: 'app=sei' },
  { selector: { matchLabels: { app: 'sei', role: 'seed' } }, matches: false, query: 'app=sei,role=seed' },
  {
    selector: { matchExpressions: [{ key: 'role', operator: 'In', values: ['rpc', 'seed'] }] },
    matches: true,
    query: 'role in (rpc,seed)',
  },
  {
    selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] },
    matches: false,
    query: 'zone in (a)',
  },
  {
    selector: { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] },
    matches: true,
    query: 'zone notin (a)',
  },
  {
    selector: { matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['rpc'] }] },
    matches: false,
    query: 'role notin (rpc)',
  },
  { selector: { matchExpressions: [{ key: 'role', operator: 'Exists' }] }, matches: true, query: 'role' },
  { selector: { matchExpressions: [{ key: 'role', operator: 'DoesNotExist' }] }, matches: false, query: '!role' },
  {
    selector: { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] },
    matches: false,
    query: 'constructor',
  },
];

for (const { selector, matches, query } of cases) {
  test(`${query} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(labels)}`, () => {
    assert.equal(matchesLabels(selector, labels), matches);
    assert.equal(selectorQuery(selector), query);
  });
}

test('selectPods sorts by name, and podName names one', () => {
  const pods = [pod('sei-1', labels), pod('sei-0', labels), pod('other')];
  const names = (target: Parameters<typeof selectPods>[0]): string[] =>
    selectPods(target, pods).map((p) => p.metadata.name);
  assert.deepEqual(names({ selector: { matchLabels: { app: 'sei' } } }), ['sei-0', 'sei-1']);
  assert.deepEqual(names({ podName: 'other' }), ['other']);
  assert.deepEqual(names({ podName: 'absent' }), []);
});
