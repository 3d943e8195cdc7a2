import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripObject } from './strip-object.ts';

test('drops managedFields and the copy of client-side apply, nothing else', () => {
  const metadata = { name: 'a', uid: 'u', resourceVersion: '1', labels: { l: '1' } };
  const object = {
    kind: 'Pod',
    metadata: {
      ...metadata,
      managedFields: [{ manager: 'm' }],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'kept' },
    },
  };
  assert.deepEqual(stripObject(object), { kind: 'Pod', metadata: { ...metadata, annotations: { mine: 'kept' } } });
  assert.deepEqual(stripObject({ metadata }), { metadata });
});
