import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourcePath } from './resource-path.ts';

const pods = { name: 'pods', kind: 'Pod', namespaced: true };
const nodes = { name: 'nodes', kind: 'Node', namespaced: false };
const tasks = { name: 'nodetasks', kind: 'NodeTask', namespaced: true };

test('the core group is under /api, others are under /apis; a namespace only where the resource has one', () => {
  assert.equal(resourcePath('v1', pods, { name: 'p', namespace: 'n' }), '/api/v1/namespaces/n/pods/p');
  assert.equal(resourcePath('v1', pods, {}), '/api/v1/namespaces/default/pods');
  assert.equal(resourcePath('v1', nodes, { name: 'a/b', namespace: 'n' }), '/api/v1/nodes/a%2Fb');
  assert.equal(
    resourcePath('nodetask.dev/v1alpha1', tasks, { name: 't', namespace: 'n' }),
    '/apis/nodetask.dev/v1alpha1/namespaces/n/nodetasks/t',
  );
});
