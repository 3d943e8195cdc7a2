import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allows, rightsOf, showRight } from './rbac.ts';

test('the rights of a rule: each verb on each resource, or on each named object', () => {
  const rights = rightsOf({ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] });
  assert.deepEqual(rights.map(showRight), ['get pods', 'list pods', 'get pods/log', 'list pods/log']);
  const named = rightsOf({
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: ['one', 'two'],
    verbs: ['get'],
  });
  assert.deepEqual(named.map(showRight), [
    'get leases.coordination.k8s.io "one"',
    'get leases.coordination.k8s.io "two"',
  ]);
});

test('a rule that gives more than can be counted is refused', () => {
  assert.throws(() => rightsOf({ apiGroups: [''], resources: ['*'], verbs: ['get'] }), /wildcard/);
  assert.throws(() => rightsOf({ nonResourceURLs: ['/metrics'], verbs: ['get'] }), /URL/);
});

test('a right to a named object allows no other, and nothing without a name', () => {
  const lease = { apiGroup: 'coordination.k8s.io', resource: 'leases', verb: 'get' };
  const right = { ...lease, name: 'mine' };
  assert.ok(allows(right, { ...lease, name: 'mine' }));
  assert.ok(!allows(right, { ...lease, name: 'yours' }));
  assert.ok(!allows(right, lease));
  assert.ok(!allows(right, { ...lease, name: 'mine', verb: 'update' }));
  assert.ok(!allows(right, { ...lease, name: 'mine', resource: 'leases/status' }));
  assert.ok(allows(lease, { ...lease, name: 'any' }));
});
