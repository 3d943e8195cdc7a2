import { isDeepStrictEqual } from 'node:util';
import type { NodeTask } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { hasFinished } from './has-finished.ts';
import { selects } from './select-pods.ts';

/** Whether a change of a pod can matter to anybody: most are of fields that the cache does not even hold. */
export const changesAgent = (before: AgentPod | undefined, after: AgentPod | undefined): boolean =>
  before === undefined || after === undefined || !isDeepStrictEqual(essence(before), essence(after));

const essence = ({ metadata: { uid }, labels, address, unavailable, leavingAt, pulse }: AgentPod): unknown => [
  uid,
  labels,
  address ?? null,
  unavailable ?? null,
  leavingAt ?? null,
  pulse,
];

/** Whether a pod is, was or may become a target of a NodeTask that is still on its way. */
export const concerns = (pod: AgentPod, nodeTask: NodeTask): boolean => {
  const { metadata, spec, status } = nodeTask;
  if (hasFinished(nodeTask) && metadata.deletionTimestamp === undefined) return false;
  if (status?.targets?.some((row) => row.pod === pod.metadata.name) === true) return true;
  return selects(spec.target, pod);
};
