import type { LabelSelector, NodeTaskSpec } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';

type PodTarget = Pick<NodeTaskSpec['target'], 'podName' | 'selector'>;

/**
 * The pods that a target names now, by name, whatever becomes of them.
 * @param pods all pods with an agent in the namespace of the NodeTask.
 */
export const selectPods = (target: PodTarget, pods: readonly AgentPod[]): readonly AgentPod[] =>
  pods.filter((pod) => selects(target, pod)).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

/**
 * Whether something new may be run in a pod: it has not ended and is not being deleted. A Deployment leaves an evicted pod beside its successor, with the
 * same labels; as for every workload controller, that one counts for nothing.
 */
export const takesWork = ({ ended, leavingAt }: AgentPod): boolean => ended !== true && leavingAt === undefined;

/** Whether a target may become one in this pod: it names the pod, which takes work. A name also means the pod that comes next under it. */
export const mayTarget = (target: PodTarget, pod: AgentPod): boolean =>
  selects(target, pod) && (target.podName !== undefined || takesWork(pod));

/** Whether a target names this pod of its namespace. */
export const selects = ({ podName, selector }: PodTarget, pod: AgentPod): boolean => {
  if (podName !== undefined) return pod.metadata.name === podName;
  return selector !== undefined && matchesLabels(selector, pod.labels);
};

/** As in https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors, for a selector that is not empty. */
export const matchesLabels = (selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return operator satisfies never;
    }
  });

/** The selector as the API server's query parameter takes it. */
export const selectorQuery = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string =>
  [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      switch (operator) {
        case 'In':
          return `${key} in (${values.join(',')})`;
        case 'NotIn':
          return `${key} notin (${values.join(',')})`;
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
        default:
          return operator satisfies never;
      }
    }),
  ].join(',');
