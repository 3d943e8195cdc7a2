import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { type CommandResult, type ControlPlane, type KubeObject, startControlPlane, waitFor } from '@nodetask/testbed';
import { parseAllDocuments } from 'yaml';
import { renderDeploy } from '../src/render-deploy.ts';

/** The manifests for `kubectl apply -k`. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const deploy = join(root, 'deploy');
let controlPlane: ControlPlane;

before(async () => {
  controlPlane = await startControlPlane({ controllerManager: false });
});

after(async () => {
  await controlPlane.stop();
});

const objectsOf = (text: string): readonly unknown[] =>
  parseAllDocuments(text).map((document) => document.toJS() as unknown);

const kubectl = async (...args: readonly string[]): Promise<CommandResult> => {
  const result = await controlPlane.kubectl(args);
  assert.equal(result.code, 0, result.stderr);
  return result;
};

test('they are what the chart makes of its default values: else run "npm run generate"', async () => {
  const rendered = await renderDeploy();
  for (const [file, text] of rendered)
    assert.deepEqual(objectsOf(await readFile(join(deploy, file), 'utf8')), objectsOf(text), file);
  const files: string[] = [];
  for await (const file of glob('**/*.yaml', { cwd: deploy })) files.push(file);
  const byHand = ['agent-namespace/kustomization.yaml', 'namespace.yaml'];
  assert.deepEqual(files.toSorted(), [...rendered.keys(), ...byHand].toSorted());
});

test('kubectl apply -k installs them, twice, and what the operator writes meanwhile stays', async () => {
  const args = ['apply', '--server-side', '-k', deploy];
  await kubectl(...args);
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/nodetask';
  const caBundle = Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64');
  await controlPlane.admin.request({
    method: 'PATCH',
    path,
    contentType: 'application/json-patch+json',
    body: [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }],
  });
  await kubectl(...args);
  const webhook = await controlPlane.admin.get<{ webhooks: { clientConfig: { caBundle?: string } }[] }>(path);
  assert.equal(webhook?.webhooks[0]?.clientConfig.caBundle, caBundle);
});

test('a Kustomization of a namespace lets its agents report', async () => {
  await controlPlane.createNamespace('sei');
  const folder = join(root, 'examples', 'kustomize');
  const { stdout } = await kubectl('kustomize', folder);
  const bindings = (objectsOf(stdout) as KubeObject[]).filter(({ metadata }) => metadata.namespace === 'sei');
  assert.deepEqual(
    bindings.map(({ kind, roleRef, subjects }) => ({ kind, roleRef, subjects })),
    [
      {
        kind: 'RoleBinding',
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'nodetask-agent' },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'sei' }],
      },
    ],
  );
  await kubectl('apply', '--server-side', '-k', folder);
});

/** What the API server says, yes or no. */
const may = async (user: string, verb: string, ...more: readonly string[]): Promise<string> => {
  const args = ['auth', 'can-i', verb, 'nodetasks', '--namespace=sei', `--as=${user}`, ...more];
  return (await controlPlane.kubectl(args)).stdout.trim();
};

test('people get NodeTasks with the roles of Kubernetes that look, edit and administer', async () => {
  const roles = objectsOf(await readFile(join(deploy, 'rbac-users.yaml'), 'utf8')) as KubeObject[];
  assert.deepEqual(
    roles.map(({ metadata }) => [
      metadata.name,
      Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith('rbac.authorization.k8s.io/')),
    ]),
    [
      ['nodetask-view', ['view', 'edit', 'admin'].map((role) => `rbac.authorization.k8s.io/aggregate-to-${role}`)],
      ['nodetask-edit', ['edit', 'admin'].map((role) => `rbac.authorization.k8s.io/aggregate-to-${role}`)],
    ],
  );
  for (const [user, role] of [
    ['viewer', 'nodetask-view'],
    ['editor', 'nodetask-edit'],
  ] as const)
    await kubectl('create', 'rolebinding', user, '--namespace=sei', `--clusterrole=${role}`, `--user=${user}`);
  await waitFor(async () => (await may('editor', 'create')) === 'yes', { what: 'the rights', timeoutMs: 10_000 });
  assert.equal(await may('viewer', 'watch'), 'yes');
  assert.equal(await may('viewer', 'create'), 'no');
  assert.equal(await may('editor', 'delete'), 'yes');
  assert.equal(await may('editor', 'patch', '--subresource=status'), 'no', 'status is for operator and agents');
});
