import type { NodeTask } from '@nodetask/shared';
import type { KubeObject } from '@nodetask/testbed';
import { taskID } from '../../operator/src/controller/task-id.ts';
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
    const { metadata } = await admin.request({
      method: 'POST',
      path,
      body: { apiVersion, kind, metadata: { name, namespace }, spec },
    });
    await admin.request({
      method: 'PATCH',
      path: `${path}/${name}/status?fieldManager=nodetask-operator`,
      contentType: 'application/merge-patch+json',
      body: { status: withIDsOf(metadata.uid ?? '', status) },
    });
  });
};

/** The operator takes a status whose task ids are those of another object for a stranger's. */
const withIDsOf = (nodeTaskUID: string, status: NodeTask['status']): NodeTask['status'] => ({
  ...status,
  targets: (status?.targets ?? []).map((row) => {
    const id = taskID({ nodeTaskUID, runID: undefined, pod: row.pod, attempt: row.attempt ?? 1 });
    return { ...row, taskID: id, ...(row.result === undefined ? {} : { result: { ...row.result, id } }) };
  }),
});
