import type { NodeTask } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import type { KubeObject } from '../kube/kube-object.ts';
import type { ObjectCache } from '../kube/object-cache.ts';
import { placeKeys } from './queue/places.ts';

/** What the operator knows of the cluster, over all namespaces that it watches. Read only. */
export interface ClusterView {
  nodeTask(key: string): NodeTask | undefined;
  nodeTasksIn(namespace: string): readonly NodeTask[];
  /** NodeTasks whose spec.dependsOn names that of `key`. */
  dependentsOf(key: string): readonly NodeTask[];
  /** Those that run at, wait for or may want the agent of a pod; see queue/places.ts for the keys. */
  nodeTasksAt(placeKey: string): readonly NodeTask[];
  /** By `namespace/name`. */
  pod(key: string): AgentPod | undefined;
  podsIn(namespace: string): readonly AgentPod[];
}

/** Name of the index of both caches. */
export const namespaceIndex = 'namespace';

export const byNamespace = {
  [namespaceIndex]: ({ metadata }: { readonly metadata: { readonly namespace?: string } }) => [
    metadata.namespace ?? '',
  ],
};

const dependencyIndex = 'dependency';
const placeIndex = 'place';

/** The indexes of NodeTasks. What depends on one, and what stands at a pod, is found by them, however many there are. */
export const nodeTaskIndexers = {
  ...byNamespace,
  [dependencyIndex]: ({ metadata: { namespace }, spec: { dependsOn = [] } }: NodeTask) =>
    dependsOn.map((name) => `${namespace}/${name}`),
  [placeIndex]: placeKeys,
};

/** One cache of each kind where all namespaces are watched, else one for each namespace. */
export const clusterView = (
  nodeTasks: readonly ObjectCache<NodeTask>[],
  pods: readonly ObjectCache<AgentPod>[],
): ClusterView => ({
  nodeTask: (key) => find(nodeTasks, key),
  nodeTasksIn: (namespace) => nodeTasks.flatMap((cache) => cache.byIndex(namespaceIndex, namespace)),
  dependentsOf: (key) => nodeTasks.flatMap((cache) => cache.byIndex(dependencyIndex, key)),
  nodeTasksAt: (key) => nodeTasks.flatMap((cache) => cache.byIndex(placeIndex, key)),
  pod: (key) => find(pods, key),
  podsIn: (namespace) => pods.flatMap((cache) => cache.byIndex(namespaceIndex, namespace)),
});

const find = <T extends KubeObject>(caches: readonly ObjectCache<T>[], key: string): T | undefined => {
  for (const cache of caches) {
    const found = cache.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
};
