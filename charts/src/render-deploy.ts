import { fileURLToPath } from 'node:url';
import { helmAlone } from '@nodetask/testbed';
import { stringify } from 'yaml';
import { rawManifests } from './raw-manifests.ts';

const chart = fileURLToPath(new URL('../nodetask', import.meta.url));

/** Text of each generated file of deploy/, by its path there. Kustomize adds the CustomResourceDefinition from crds/. */
export const renderDeploy = async (): Promise<ReadonlyMap<string, string>> => {
  const manifests = await render(['crds.install=false']);
  const files = new Map(manifests.map(({ file, text }) => [file, text]));
  files.set('kustomization.yaml', kustomization(['namespace.yaml', '../crds', ...files.keys()]));
  // What one namespace with agents needs; Kustomize puts the namespace in.
  for (const { file, text } of await render(['crds.install=false', 'agentNamespaces={default}'], 'rbac-agents.yaml')) {
    const [, ...bindings] = text.split(/^---\n/m);
    files.set(`agent-namespace/${file}`, bindings.join('---\n'));
  }
  return files;
};

const kustomization = (resources: readonly string[]): string =>
  stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });

const render = async (values: readonly string[], template?: string) => {
  const release = ['template', 'nodetask', chart, '--namespace', 'nodetask-system', '--kube-version', '1.30.0'];
  const { code, stdout, stderr } = await helmAlone([
    ...release,
    ...values.flatMap((value) => ['--set', value]),
    ...(template === undefined ? [] : ['--show-only', `templates/${template}`]),
  ]);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return rawManifests(stdout);
};
