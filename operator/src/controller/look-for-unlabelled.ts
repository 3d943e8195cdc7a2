import { agentLabel, agentLabelValue, type NodeTask } from '@nodetask/shared';
import { isNotFound } from '../kube/api-error.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { collectionPath, objectPath, pods } from '../kube/resource-type.ts';
import { selectorQuery } from './select-pods.ts';

interface NamedPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
}

/** Enough to find one among pods that are being deleted. */
const maxPods = 10;
const notEnded = 'status.phase!=Succeeded,status.phase!=Failed';

/**
 * Names pods that a target means but that lack the agent label: the cache holds labelled pods only. One is enough to tell NoAgent
 * from NoTarget. Of a selector, pods that can run nothing are left out: the label would not make targets of them.
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
    query: { labelSelector, fieldSelector: notEnded, limit: maxPods },
    verb: 'list',
    signal,
  });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
};
