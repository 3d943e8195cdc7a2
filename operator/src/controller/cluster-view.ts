import type { NodeTask } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import type { ObjectCache } from '../kube/object-cache.ts';

/** What the operator knows of the cluster, over all namespaces that it watches. Read only. */
export interface ClusterView {
  nodeTask(key: string): NodeTask | undefined;
  nodeTasksIn(namespace: string): readonly NodeTask[];
  podsIn(namespace: string): readonly AgentPod[];
}

/** Name of the index of both caches. */
export const namespaceIndex = 'namespace';

export const byNamespace = {
  [namespaceIndex]: ({ metadata }: { readonly metadata: { readonly namespace?: string } }) => [
    metadata.namespace ?? '',
  ],
};

/** One cache of each kind where all namespaces are watched, else one for each namespace. */
export const clusterView = (
  nodeTasks: readonly ObjectCache<NodeTask>[],
  pods: readonly ObjectCache<AgentPod>[],
): ClusterView => ({
  nodeTask: (key) => {
    for (const cache of nodeTasks) {
      const found = cache.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  },
  nodeTasksIn: (namespace) => nodeTasks.flatMap((cache) => cache.byIndex(namespaceIndex, namespace)),
  podsIn: (namespace) => pods.flatMap((cache) => cache.byIndex(namespaceIndex, namespace)),
});
