import assert from 'node:assert/strict';
import { access, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { type ControlPlane, installOtherCustomResources, type KubeObject, startControlPlane } from '@nodetask/testbed';
import { parseAllDocuments } from 'yaml';
import { render, titleOf, type Values } from './support/chart.ts';

/** The examples for Flux and Argo CD: what they say is what Flux knows, and what there is. Their verdicts on NodeTasks: operator/test/verdicts.test.ts */
let controlPlane: ControlPlane;
const root = fileURLToPath(new URL('../..', import.meta.url));

before(async () => {
  controlPlane = await startControlPlane({ controllerManager: false });
  await installOtherCustomResources(controlPlane.admin);
  await controlPlane.createNamespace('flux-system');
});

after(async () => {
  await controlPlane.stop();
});

interface Source {
  readonly path?: string;
  readonly helm?: { readonly releaseName: string; readonly valuesObject: Values };
}

type Example = KubeObject & {
  readonly spec: {
    readonly path?: string;
    readonly source?: Source;
    readonly sourceRef?: { readonly name: string };
    readonly dependsOn?: readonly { readonly name: string }[];
    readonly ignoreDifferences?: readonly { readonly group: string; readonly kind: string }[];
  };
};

const examples = async (file: string): Promise<readonly Example[]> =>
  parseAllDocuments(await readFile(`${root}examples/${file}`, 'utf8')).map((document) => document.toJS() as Example);

test("Flux's own CRDs take the example for Flux, strictly", async () => {
  const file = `${root}examples/flux/nodetask.yaml`;
  const args = ['apply', '--server-side', '--validate=strict', '--filename', file];
  const { code, stderr } = await controlPlane.kubectl(args);
  assert.equal(code, 0, stderr);
});

test('it names folders and Kustomizations that there are', async () => {
  const objects = await examples('flux/nodetask.yaml');
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  for (const { spec } of objects) {
    for (const { name } of spec.dependsOn ?? []) assert.ok(names.has(name), name);
    if (spec.sourceRef?.name === 'nodetask') await access(`${root}${spec.path ?? ''}/kustomization.yaml`);
  }
});

test('the Application for Argo CD names a chart, values that it takes, and what it makes', async () => {
  const [operator] = await examples('argocd/nodetask.yaml');
  const { source, ignoreDifferences = [] } = operator?.spec ?? {};
  await access(`${root}${source?.path ?? ''}/Chart.yaml`);
  const objects = await render(source?.helm?.valuesObject);
  for (const { group, kind } of ignoreDifferences)
    assert.ok(
      objects.some((object) => object.kind === kind && object.apiVersion.startsWith(`${group}/`)),
      `${kind} is not among ${objects.map(titleOf).join(', ')}`,
    );
});
