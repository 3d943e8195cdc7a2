import type { NodeTask } from '@nodetask/shared';
import type { AgentPod } from '../../agents/agent-pod.ts';
import type { ClusterView } from '../cluster-view.ts';
import { keyOf } from '../node-tasks.ts';
import { mayTarget } from '../select-pods.ts';
import { arrivalMs } from '../timing.ts';
import { anyPod, compareArrival, placeKey, standingAt } from './places.ts';

/** What is before a NodeTask in the queue of a pod. */
export interface Ahead {
  /** How many wait there and came before; at least 1. */
  readonly count: number;
  /** `namespace/name` of the one that runs there, else of the last one before. */
  readonly behind: string;
}

type Queues = Pick<ClusterView, 'nodeTasksAt'>;

/** Who waits for the agent of a pod, in the order of their turns. */
export const queueOf = (view: Queues, pod: AgentPod): readonly NodeTask[] => lineUp(view, pod).queue;

/**
 * What is before a NodeTask at each of some pods; pods where it would be first are left out.
 * @param now one that nobody has looked at for long after its creation is in nobody's way: something is wrong with it.
 */
export const aheadAt = (
  view: Queues,
  nodeTask: NodeTask,
  pods: readonly AgentPod[],
  now: number,
): ReadonlyMap<string, Ahead> => {
  const isBefore = (other: NodeTask, name: string): boolean =>
    compareArrival(other, nodeTask) < 0 &&
    (standingAt(other, name) === 'waits' || Date.parse(other.metadata.creationTimestamp) + arrivalMs > now);
  const found = new Map<string, Ahead>();
  for (const pod of pods) {
    const { name } = pod.metadata;
    const { running, queue } = lineUp(view, pod);
    const before = queue.filter((other) => isBefore(other, name));
    const behind = running ?? before.at(-1);
    if (before.length > 0 && behind !== undefined) found.set(name, { count: before.length, behind: keyOf(behind) });
  }
  return found;
};

/** Who has the agent of a pod, and who waits for it. */
const lineUp = (
  view: Queues,
  pod: AgentPod,
): { readonly running: NodeTask | undefined; readonly queue: readonly NodeTask[] } => {
  const runs = (nodeTask: NodeTask): boolean => standingAt(nodeTask, pod.metadata.name) === 'runs';
  const standing = standingIn(view, pod);
  return {
    running: standing.find(runs),
    queue: standing.filter((nodeTask) => !runs(nodeTask)).toSorted(compareArrival),
  };
};

const standingIn = (view: Queues, pod: AgentPod): readonly NodeTask[] => {
  const { namespace, name } = pod.metadata;
  const unresolved = view
    .nodeTasksAt(placeKey(namespace, anyPod))
    .filter(
      ({ spec, status }) => mayTarget(spec.target, pod) && status?.targets?.some((row) => row.pod === name) !== true,
    );
  return [...view.nodeTasksAt(placeKey(namespace, name)), ...unresolved];
};
