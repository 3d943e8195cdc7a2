// CustomResourceDefinitions of other projects, out of their own Go modules (testbed/go/crds pins them): what we write for cert-manager, Prometheus
// Operator and Flux is judged by theirs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { toolEnvironment } from '../config.ts';
import { mustRun } from '../process/run-command.ts';
import { projectPath } from '../paths.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { waitFor } from '../wait.ts';
import { waitForObject } from './wait-for-object.ts';
import { parse } from 'yaml';

const DOWNLOAD_TIMEOUT_MS = 5 * 60_000;
const ESTABLISHED_TIMEOUT_MS = 30_000;

const FILES: Readonly<Record<string, readonly string[]>> = {
  'github.com/cert-manager/cert-manager': [
    'deploy/crds/cert-manager.io_certificates.yaml',
    'deploy/crds/cert-manager.io_issuers.yaml',
  ],
  'github.com/prometheus-operator/prometheus-operator': [
    'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml',
    'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
    'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
  ],
  'github.com/fluxcd/kustomize-controller': ['config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml'],
  'github.com/fluxcd/source-controller': ['config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml'],
};

const Download = z.object({ Dir: z.string() });

/** Applies all of them and waits until they are established. Needs `go`, and with an empty module cache a Go module proxy (10 MB). */
export async function installOtherCustomResources(client: KubeClient): Promise<void> {
  for (const [module, files] of Object.entries(FILES)) {
    const folder = await moduleFolder(module);
    for (const file of files) {
      const crd = parse(await readFile(join(folder, file), 'utf8')) as KubeObject;
      await client.apply(crd);
      await waitForObject<KubeObject & { status?: { conditions?: { type: string; status: string }[] } }>(
        client,
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`,
        (object) =>
          object?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false,
        { what: `the CRD ${crd.metadata.name} to be established`, timeoutMs: ESTABLISHED_TIMEOUT_MS },
      );
      await untilServed(client, crd);
    }
  }
}

const Served = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ plural: z.string() }),
    versions: z.array(z.object({ name: z.string(), served: z.boolean() })),
  }),
});

/** Established means that it will be served. Until it is, and whenever its storage changes, the API server answers 404 or 429. */
async function untilServed(client: KubeClient, crd: KubeObject): Promise<void> {
  const { group, names, versions } = Served.parse(crd).spec;
  for (const { name } of versions.filter(({ served }) => served)) {
    const path = `/apis/${group}/${name}/${names.plural}?limit=1`;
    await waitFor(async () => (await client.raw({ method: 'GET', path })).status === 200, {
      what: `the API server to serve ${path}`,
      timeoutMs: ESTABLISHED_TIMEOUT_MS,
    });
  }
}

async function moduleFolder(module: string): Promise<string> {
  const { stdout } = await mustRun('go', ['mod', 'download', '-json', module], {
    cwd: projectPath('testbed', 'go', 'crds'),
    env: toolEnvironment({ GOFLAGS: '-mod=readonly', GOWORK: 'off' }),
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  return Download.parse(JSON.parse(stdout)).Dir;
}
