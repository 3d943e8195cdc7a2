import { agentLabel, agentLabelValue, type NodeTask } from '@nodetask/shared';
import { isNotFound } from '../kube/api-error.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { collectionPath, objectPath, pods } from '../kube/resource-type.ts';
import { selectorQuery } from './select-pods.ts';

interface NamedPod {
  readonly metadata: { readonly name: string };
}

/**
 * Names pods that a target means but that lack the agent label: the cache holds labelled pods only. One is enough to tell NoAgent
 * from NoTarget.
 */
export const lookForUnlabelled = async (
  transport: KubeTransport,
  { metadata: { namespace }, spec: { target } }: NodeTask,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (target.podName !== undefined) {
    try {
      const path = objectPath(pods, { namespace, name: target.podName });
      const { metadata } = await transport.request<NamedPod>({ method: 'GET', path, verb: 'get', signal });
      return [metadata.name];
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }
  if (target.selector === undefined) return [];
  const labelSelector = [selectorQuery(target.selector), `${agentLabel}!=${agentLabelValue}`].join(',');
  const { items } = await transport.request<{ readonly items: readonly NamedPod[] }>({
    method: 'GET',
    path: collectionPath(pods, namespace),
    query: { labelSelector, limit: 1 },
    verb: 'list',
    signal,
  });
  return items.map(({ metadata }) => metadata.name);
};
