import type { LabelSelector } from '@nodetask/shared';
import type { AgentPod } from '../../agents/agent-pod.ts';
import { boundedText, shortList } from '../../bounded-text.ts';
import { podsInstead } from '../pods-instead.ts';
import type { RunContext } from '../run-context.ts';
import { selectorQuery, takesWork } from '../select-pods.ts';

const maxSelectorCharacters = 200;

/** Why a selector has no target: the selector as it was read, and the pods that there are in its place. */
export const noMatch = ({ spec, matching, pods, nodeTask }: RunContext): string => {
  const selector = spec?.target.selector ?? {};
  const query = boundedText(selectorQuery(selector), maxSelectorCharacters);
  if (matching.length > 0) {
    return `the pods that spec.target.selector (${query}) matches can run nothing: ${shortList(matching.map(whyNot))}`;
  }
  const agents = pods.filter(takesWork).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const instead = podsInstead(
    nodeTask.metadata.namespace,
    agents.map((pod) => withLabels(pod, selector)),
  );
  return `no pod matches spec.target.selector (${query}); ${instead}`;
};

const whyNot = ({ metadata: { name }, ended }: AgentPod): string =>
  ended === true ? `${name} has ended` : `${name} is being deleted`;

/** "sei-0 (app=sei, no role)": what the pod has of the labels that the selector asks for. */
const withLabels = (
  { metadata: { name }, labels }: AgentPod,
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
): string => {
  const keys = new Set([...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)]);
  const shown = [...keys].map((key) => (Object.hasOwn(labels, key) ? `${key}=${labels[key]}` : `no ${key}`));
  return `${name} (${shortList(shown)})`;
};
