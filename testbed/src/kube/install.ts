// What a cluster needs before anything of NodeTask can run in it: the CRD, and the rights of operator and agents.
import { glob, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { PROJECT_ROOT, projectPath } from '../paths.ts';
import { waitFor } from '../wait.ts';
import { admissionPolicyManifests } from './admission-policy.ts';
import type { OperatorAccount } from './admission-policy.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { waitForObject } from './wait-for-object.ts';

const READY_TIMEOUT_MS = 30_000;

/** Applies crds/nodetask.dev_*.yaml and waits until the API server serves NodeTasks. */
export async function installCustomResources(client: KubeClient): Promise<void> {
  const files: string[] = [];
  for await (const file of glob('crds/nodetask.dev_*.yaml', { cwd: PROJECT_ROOT })) files.push(file);
  if (files.length === 0) throw new Error('crds/ holds no nodetask.dev_*.yaml: run `npm run generate`');
  for (const file of files.toSorted()) await client.applyYaml(await readFile(projectPath(file), 'utf8'));
  await waitForObject<KubeObject & { status?: { conditions?: { type: string; status: string }[] } }>(
    client,
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nodetasks.nodetask.dev',
    (crd) => crd?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false,
    { what: 'the CRD of NodeTask to be established', timeoutMs: READY_TIMEOUT_MS },
  );
  // Established means that it will be served; this is when it is.
  await waitFor(async () => client.get('/apis/nodetask.dev/v1alpha1/nodetasks?limit=1'), {
    what: 'the API server to serve NodeTasks',
    timeoutMs: READY_TIMEOUT_MS,
    intervalMs: 10,
  });
}

/** The operator's service account with its rights, and the role of agents, as the chart has them (deploy/). Their namespace is there already. */
export async function installRights(client: KubeClient): Promise<void> {
  for (const file of ['serviceaccount.yaml', 'rbac-operator.yaml', 'rbac-agents.yaml'])
    await client.applyYaml(await readFile(projectPath('deploy', file), 'utf8'));
}

/** Makes the service account `nodetask-agent` in a namespace, and lets it report as the chart lets its `agentServiceAccounts`. */
export async function bindAgents(client: KubeClient, namespace: string): Promise<void> {
  const text = await readFile(projectPath('deploy', 'agent-namespace', 'rbac-agents.yaml'), 'utf8');
  const binding = parse(text) as KubeObject;
  const account = { name: 'nodetask-agent', namespace };
  await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  await client.apply({
    ...binding,
    metadata: { ...binding.metadata, namespace },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
}

/** Applies the policy of who writes what into status. The API server takes notice a moment later: see untilAdmissionPolicyHolds. */
export async function installAdmissionPolicy(client: KubeClient, operator: OperatorAccount): Promise<void> {
  await client.applyYaml(await admissionPolicyManifests(operator));
}

/** Waits until the API server refuses, by the policy, that the client (which must not be the operator's) writes a status. */
export async function untilAdmissionPolicyHolds(client: KubeClient, namespace: string): Promise<void> {
  const name = 'admission-policy-probe';
  const metadata = { name, namespace };
  const { apiVersion, kind } = { apiVersion: 'nodetask.dev/v1alpha1', kind: 'NodeTask' };
  const path = `/apis/${apiVersion}/namespaces/${namespace}/nodetasks/${name}`;
  // Suspended from the beginning: no operator does anything with it.
  const spec = { type: 'mark-ready', target: { podName: name }, suspend: true };
  await client.apply({ apiVersion, kind, metadata, spec });
  try {
    await waitFor(
      async () => {
        const { status, body } = await client.raw({
          method: 'PATCH',
          path: `${path}/status?dryRun=All&fieldManager=probe&force=true`,
          body: { apiVersion, kind, metadata, status: { summary: 'probe' } },
          contentType: 'application/apply-patch+yaml',
        });
        return status === 403 && JSON.stringify(body).includes("ValidatingAdmissionPolicy 'nodetask-status'");
      },
      { what: 'the policy of status to hold', timeoutMs: READY_TIMEOUT_MS, intervalMs: 20 },
    );
  } finally {
    await client.delete(path);
  }
}
