import { fileURLToPath } from 'node:url';
import { type ControlPlane, startControlPlane, waitFor } from '@nodetask/testbed';

export const crdPath = fileURLToPath(new URL('../../crds/nodetask.dev_nodetasks.yaml', import.meta.url));

/** Namespace of every manifest in the tests and in examples/. */
export const namespace = 'sei';

export const nodeTasksPath = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks`;

/** A real API server that serves NodeTasks. */
export const startCluster = async (): Promise<ControlPlane> => {
  const cluster = await startControlPlane({ controllerManager: false });
  try {
    const applied = await cluster.kubectl(['apply', '--server-side', '--warnings-as-errors', '-f', crdPath]);
    if (applied.code !== 0) {
      throw new Error(`the API server refused the CRD: ${applied.stderr}`);
    }
    await cluster.createNamespace(namespace);
    // Where the example for Argo CD belongs.
    await cluster.createNamespace('argocd');
    await waitFor(async () => (await cluster.admin.raw({ method: 'GET', path: nodeTasksPath })).status === 200, {
      what: 'the API server to serve NodeTasks',
      timeoutMs: 30_000,
    });
    await waitFor(
      async () =>
        (await cluster.admin.raw({ method: 'GET', path: '/openapi/v3/apis/nodetask.dev/v1alpha1' })).status === 200,
      { what: 'the API server to publish the OpenAPI of NodeTasks', timeoutMs: 30_000 },
    );
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};
