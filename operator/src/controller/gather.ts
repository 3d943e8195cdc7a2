import type { Clock, Logger, NodeTask } from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { objectKey } from '../kube/kube-object.ts';
import type { KubeTransport } from '../kube/kube-transport.ts';
import type { ClusterView } from './cluster-view.ts';
import { awaitsDependencies } from './dependencies/awaits.ts';
import { absentDependencies, gatherDependencies } from './dependencies/gather-dependencies.ts';
import { nearNames } from './dependencies/near-names.ts';
import { lookForFormerPods, missingPods } from './look-for-former-pods.ts';
import { lookForUnlabelled } from './look-for-unlabelled.ts';
import { keyOf } from './node-tasks.ts';
import type { NodeTaskMemory } from './process-memory.ts';
import { type Ahead, aheadAt } from './queue/ahead.ts';
import { namesLike } from './pods-instead.ts';
import type { KnownNodeTask } from './read-node-task.ts';
import { hasFinished } from './has-finished.ts';
import type { Gathered } from './run-context.ts';
import { mayTarget } from './select-pods.ts';
import { taskMode } from './task-mode.ts';
import { lookAgainMs } from './timing.ts';

export interface GatherOptions {
  readonly view: ClusterView;
  readonly transport: KubeTransport;
  readonly clock: Clock;
  /** Of finished NodeTasks whose spec says nothing of it. Absent: they stay. */
  readonly defaultTTLSeconds?: number;
}

/** Collects what decide looks at: from caches and memory, and with small reads where no pod matches or one with work is missing. */
export const gather = async (
  { view, transport, clock, defaultTTLSeconds }: GatherOptions,
  nodeTask: KnownNodeTask,
  memory: NodeTaskMemory,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<Gathered> => {
  const { namespace } = nodeTask.metadata;
  const { target } = nodeTask.spec;
  const now = clock.now();
  const listed = (nodeTask.status?.targets ?? []).map(({ pod }) => pod);
  const named = target.podName === undefined ? [] : [target.podName];
  // A target by name is about few of the many pods that there may be.
  const pods =
    target.podName === undefined ? view.podsIn(namespace) : podsNamed(view, namespace, [...named, ...listed]);
  const selected = pods.filter((pod) => mayTarget(target, pod)).map(({ metadata }) => metadata.name);
  memory.see([...listed, ...selected, ...named], pods, now);

  // Nothing is begun by a spec that cannot be read; decide says what is wrong with it.
  if (selected.length === 0 && isWaiting(nodeTask) && nodeTask.specFault === undefined) {
    const { unlabelled } = memory;
    if (unlabelled === undefined || now - unlabelled.at >= lookAgainMs / 2) {
      memory.unlabelled = { pods: await look(transport, nodeTask, signal, logger), at: now };
    }
  }
  const { status = {} } = nodeTask;
  const missing = missingPods(status, pods);
  const names = missing.join();
  if (missing.length === 0) memory.former = undefined;
  else if (memory.former?.names !== names || now - memory.former.at >= lookAgainMs / 2) {
    const former = await lookForFormerPods(transport, nodeTask.metadata.namespace, status, missing, signal);
    memory.former = { names, pods: former, at: now };
  }
  const dependencies = gatherDependencies(view, nodeTask);
  const absent = absentDependencies(nodeTask, dependencies);
  memory.miss(absent, now);
  return {
    nodeTask,
    pods,
    formerPods: memory.former?.pods ?? [],
    dependencies,
    missingSince: memory.missingSince,
    nearNames: nearNames(absent, nodeTask, absent.length === 0 ? [] : view.nodeTasksIn(namespace)),
    ...(defaultTTLSeconds === undefined ? {} : { defaultTTLSeconds }),
    awaitedBy:
      (nodeTask.spec.ttlSecondsAfterFinished ?? defaultTTLSeconds) === undefined ? [] : waiters(view, nodeTask),
    namesInstead:
      target.podName !== undefined &&
      !pods.some(({ metadata: { name } }) => name === target.podName) &&
      isWaiting(nodeTask)
        ? namesLike(target.podName, view.podsIn(namespace))
        : [],
    unlabelled: selected.length === 0 ? (memory.unlabelled?.pods ?? []) : [],
    outOfReachSince: memory.outOfReachSince,
    ahead: isWaiting(nodeTask) ? aheadAt(view, nodeTask, targeted(nodeTask, pods), now) : new Map<string, Ahead>(),
    ...(memory.writtenAt === undefined ? {} : { writtenAt: memory.writtenAt }),
    ...(memory.droppedAt === undefined ? {} : { droppedAt: memory.droppedAt }),
    ...(memory.refused === undefined ? {} : { refused: memory.refused }),
    underWay: memory.underWay,
    memory: memory.tasks,
    now,
  };
};

const podsNamed = (view: ClusterView, namespace: string, names: readonly string[]): readonly AgentPod[] =>
  [...new Set(names)].flatMap((name) => view.pod(objectKey({ namespace, name })) ?? []);

const waiters = (view: ClusterView, nodeTask: NodeTask): readonly string[] =>
  view
    .dependentsOf(keyOf(nodeTask))
    .filter(awaitsDependencies)
    .map(({ metadata }) => metadata.name);

/** Pods whose agents a one-shot may be dispatched to. */
const targeted = ({ spec, status }: NodeTask, pods: readonly AgentPod[]): readonly AgentPod[] => {
  if (taskMode(spec) !== 'one-shot') return [];
  const listed = new Set((status?.targets ?? []).map(({ pod }) => pod));
  return pods.filter((pod) => listed.has(pod.metadata.name) || mayTarget(spec.target, pod));
};

const isWaiting = (nodeTask: NodeTask): boolean =>
  nodeTask.metadata.deletionTimestamp === undefined && !hasFinished(nodeTask);

/** Only the reason in the status depends on it: a failure is said in the log and nowhere else. */
const look = async (
  transport: KubeTransport,
  nodeTask: NodeTask,
  signal: AbortSignal,
  logger: Logger,
): Promise<readonly string[]> => {
  try {
    return await lookForUnlabelled(transport, nodeTask, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    logger.warn('cannot look for pods without the agent label', { error });
    return [];
  }
};
