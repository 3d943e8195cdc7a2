import { agentLabel, agentLabelValue } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { boundedText, shortList } from '../bounded-text.ts';
import { takesWork } from './select-pods.ts';

const maxPodCharacters = 120;

/** Which pods with an agent there are, in place of what was asked for. */
export const podsInstead = (namespace: string, pods: readonly string[]): string =>
  pods.length === 0
    ? `namespace ${namespace} has no pod with an agent (label ${agentLabel}=${agentLabelValue})`
    : `pods with an agent in namespace ${namespace}: ${shortList(pods.map((pod) => boundedText(pod, maxPodCharacters)))}`;

/** Names of the pods that can run something: first those whose names begin like the one that was meant. */
export const namesLike = (wanted: string, pods: readonly AgentPod[]): readonly string[] =>
  pods
    .filter(takesWork)
    .map(({ metadata: { name } }) => ({ name, common: commonStart(name, wanted) }))
    .toSorted((a, b) => b.common - a.common || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);

const commonStart = (one: string, other: string): number => {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
};
