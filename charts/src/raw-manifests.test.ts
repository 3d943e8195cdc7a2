import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rawManifests } from './raw-manifests.ts';

const rendered = `---
# Source: nodetask/templates/rbac.yaml
# What it may do.
kind: Role
metadata:
  name: one
  labels:
    helm.sh/chart: nodetask-1
    app.kubernetes.io/managed-by: Helm
    app.kubernetes.io/name: nodetask
---
# Source: nodetask/templates/config.yaml
kind: ConfigMap
metadata:
  name: two
data:
  text: |
    ---
    # Source: of something else
---
# Source: nodetask/templates/empty.yaml
# Nothing.
---
# Source: nodetask/templates/rbac.yaml
kind: RoleBinding
metadata:
  name: one
`;

test('a file for each template with objects, in the order of names, without the labels of Helm', () => {
  assert.deepEqual(rawManifests(rendered), [
    {
      file: 'config.yaml',
      text: 'kind: ConfigMap\nmetadata:\n  name: two\ndata:\n  text: |\n    ---\n    # Source: of something else\n',
    },
    {
      file: 'rbac.yaml',
      text: '# What it may do.\nkind: Role\nmetadata:\n  name: one\n  labels:\n    app.kubernetes.io/name: nodetask\n---\nkind: RoleBinding\nmetadata:\n  name: one\n',
    },
  ]);
});
