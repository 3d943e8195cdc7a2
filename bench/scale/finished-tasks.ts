import type { NodeTask } from '@nodetask/shared';
import type { KubeObject } from '@nodetask/testbed';
import { forAll } from './for-all.ts';
import type { ScaleCluster } from './scale-cluster.ts';

const atOnce = 32;

/**
 * NodeTasks that finished long ago, as copies of one that an operator and an agent have brought to its end.
 * @param numbers of their names.
 */
export const addFinishedTasks = async (
  { admin, namespace }: ScaleCluster,
  finished: NodeTask & KubeObject,
  numbers: Iterable<number>,
): Promise<void> => {
  const { apiVersion, kind, spec, status } = finished;
  const path = `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks`;
  await forAll(numbers, atOnce, async (number) => {
    const name = `finished-${String(number).padStart(5, '0')}`;
    await admin.request({ method: 'POST', path, body: { apiVersion, kind, metadata: { name, namespace }, spec } });
    await admin.request({
      method: 'PATCH',
      path: `${path}/${name}/status?fieldManager=nodetask-operator`,
      contentType: 'application/merge-patch+json',
      body: { status },
    });
  });
};
