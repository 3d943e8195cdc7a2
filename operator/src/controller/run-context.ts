import {
  cancelFinalizer,
  type NodeTask,
  type NodeTaskSpec,
  nodeTaskSpecSchema,
  type NodeTaskStatus,
  type TargetStatus,
  terminalPhases,
} from '@nodetask/shared';
import type { AgentPod } from '../agents/agent-pod.ts';
import { currentTaskID } from './current-task-id.ts';
import type { Ahead } from './queue/ahead.ts';
import type { KnownNodeTask } from './read-node-task.ts';
import type { RefusedWrite } from './refused-write.ts';
import { mayTarget, selectPods } from './select-pods.ts';
import { type TaskMode, taskMode } from './task-mode.ts';
import type { TaskMemory } from './task-memory.ts';

/** Everything that decide may look at. */
export interface Gathered {
  readonly nodeTask: KnownNodeTask;
  /** Pods with an agent: all in its namespace; where the target is one by name, that and those which status names. */
  readonly pods: readonly AgentPod[];
  /** Where the target names a pod that is not there: the pods with an agent that are, the most similar names first. */
  readonly namesInstead: readonly string[];
  /** Names of pods that the target names but that lack the agent label; looked up only where no pod matches. */
  readonly unlabelled: readonly string[];
  /** Pods that work was dispatched to and that have lost the agent label since: they are targets no more, but the work goes on. */
  readonly formerPods: readonly AgentPod[];
  /** What it waits for by spec.dependsOn, directly or through others, by name; those that do not exist are missing. */
  readonly dependencies: ReadonlyMap<string, NodeTask>;
  /** Since when what spec.dependsOn names has been missing, or has been on its way out, as far as this process has seen; by name. */
  readonly missingSince: ReadonlyMap<string, number>;
  /** For names of spec.dependsOn that no NodeTask has, the one that may have been meant. */
  readonly nearNames: ReadonlyMap<string, string>;
  /** How long it stays after its end, where its spec does not say. Absent: for ever. */
  readonly defaultTTLSeconds?: number;
  /** Names of NodeTasks that depend on it and have not begun; looked up only where it may be deleted. */
  readonly awaitedBy: readonly string[];
  /** Since when a target's pod has been absent or without an address, as far as this process has seen; by pod. */
  readonly outOfReachSince: ReadonlyMap<string, number>;
  /** What is before it in the queue of a pod, by pod; absent where it is the first. */
  readonly ahead: ReadonlyMap<string, Ahead>;
  /** When this process last wrote its status; absent = never. */
  readonly writtenAt?: number;
  /** When this process last took rows of other pods off its status; absent = never. */
  readonly droppedAt?: number;
  /** A write that the API server has refused this process, and has not taken since. */
  readonly refused?: RefusedWrite;
  /** Ids of tasks with a call to their agent that is not over: none is made beside it, and nothing is concluded without its answer. */
  readonly underWay: ReadonlySet<string>;
  /** By task id. */
  readonly memory: ReadonlyMap<string, TaskMemory>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The same, with what every decision needs of it worked out. */
export interface RunContext extends Gathered {
  readonly status: NodeTaskStatus;
  /** Absent where the spec does not parse. */
  readonly spec?: NodeTaskSpec;
  readonly specFault?: string;
  readonly mode: TaskMode;
  readonly podByName: ReadonlyMap<string, AgentPod>;
  readonly formerPodByName: ReadonlyMap<string, AgentPod>;
  /** Rows of status by pod, of whichever run. */
  readonly rowByPod: ReadonlyMap<string, TargetStatus>;
  /** Pods that the target names now, also those that have ended or are being deleted. */
  readonly matching: readonly AgentPod[];
  /** Those of them that may become targets. */
  readonly selected: readonly AgentPod[];
  /** Names of all that match, and the one that the target gives, whether or not there is such a pod. */
  readonly named: ReadonlySet<string>;
  /** False until status describes the run that spec.runID asks for. */
  readonly sameRun: boolean;
  readonly hasFinalizer: boolean;
}

export const runContext = (gathered: Gathered): RunContext => {
  const { nodeTask, pods, formerPods } = gathered;
  const status = nodeTask.status ?? {};
  const { specFault } = nodeTask;
  const spec = specFault === undefined ? nodeTaskSpecSchema.parse(nodeTask.spec) : undefined;
  const matching = spec === undefined ? [] : selectPods(spec.target, pods);
  return {
    ...gathered,
    status,
    ...(spec === undefined ? {} : { spec }),
    ...(specFault === undefined ? {} : { specFault }),
    mode: spec === undefined ? 'one-shot' : taskMode(spec),
    podByName: new Map(pods.map((pod) => [pod.metadata.name, pod])),
    formerPodByName: new Map(formerPods.map((pod) => [pod.metadata.name, pod])),
    rowByPod: new Map((status.targets ?? []).map((row) => [row.pod, row])),
    matching,
    selected: spec === undefined ? [] : matching.filter((pod) => mayTarget(spec.target, pod)),
    named: new Set([...matching.map(({ metadata }) => metadata.name), spec?.target.podName ?? []].flat()),
    sameRun: describesRun(status, nodeTask),
    hasFinalizer: nodeTask.metadata.finalizers?.includes(cancelFinalizer) ?? false,
  };
};

/**
 * Whether a status is about the run that spec asks for, of this very object: ids are computed from its UID, so a status that was
 * meant for an object of the same name before it gives itself away.
 */
const describesRun = (
  { observedGeneration = -1, runID, targets = [] }: NodeTaskStatus,
  nodeTask: NodeTask,
): boolean => {
  if (observedGeneration < 0 || runID !== nodeTask.spec.runID) return false;
  const row = targets.find(({ taskID: id }) => id !== undefined);
  return row === undefined || row.taskID === currentTaskID({ nodeTask }, row.pod, row.attempt ?? 1);
};

/** Whether a phase, of a NodeTask or of a row, is one that is never left. */
export const isTerminal = (phase: string | undefined): boolean =>
  phase !== undefined && (terminalPhases as readonly string[]).includes(phase);

/** The earliest of some moments; those that are undefined do not count. */
export const earliest = (moments: readonly (number | undefined)[]): number | undefined => {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** RFC 3339 in UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
