import type { NodeTaskStatus } from '@nodetask/shared';
import { type AgentPod, toAgentPod } from '../agents/agent-pod.ts';
import { isNotFound } from '../kube/api-error.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import { objectPath, pods } from '../kube/resource-type.ts';
import { inParallel } from './in-parallel.ts';
import { workOnStatus } from './known-work.ts';

const parallelReads = 8;

/** Names of pods with work that the cache of labelled pods does not have. */
export const missingPods = (status: NodeTaskStatus, cached: readonly AgentPod[]): readonly string[] => {
  const known = new Set(cached.map(({ metadata }) => metadata.name));
  // Those that the target names are in the cache, or are nobody's former pod.
  return [...new Set(workOnStatus({ status, named: new Set() }).map(({ pod }) => pod))].filter(
    (pod) => !known.has(pod),
  );
};

/**
 * Reads pods that have left the cache, because they are gone or because somebody took the label off. Only the very pod that the work was
 * dispatched to counts: another one of its name never was an agent, and is not sent the token of agents.
 */
export const lookForFormerPods = async (
  transport: KubeTransport,
  namespace: string,
  status: NodeTaskStatus,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly AgentPod[]> => {
  const found: AgentPod[] = [];
  await inParallel(parallelReads, names, async (name) => {
    const uid = status.targets?.find(({ pod }) => pod === name)?.podUID;
    if (uid === undefined) return;
    try {
      const path = objectPath(pods, { namespace, name });
      const pod = toAgentPod(await transport.request({ method: 'GET', path, verb: 'get', signal }));
      if (pod.metadata.uid === uid) found.push(pod);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  });
  return found;
};
