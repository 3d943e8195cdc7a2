import type { NodeTask, NodeTaskStatus, TaskResult } from '@nodetask/shared';
import type { AgentPod } from '../../agents/agent-pod.ts';
import { readNodeTask } from '../read-node-task.ts';
import { type Gathered, type RunContext, runContext } from '../run-context.ts';
import { taskID } from '../task-id.ts';
import type { TaskMemory } from '../task-memory.ts';
import { type TargetView, targetView } from '../target/target-view.ts';

/** Input of decide for tests: a one-shot on sei-0 that nobody has seen yet, unless told otherwise. */

export const startTime = '2026-01-01T00:00:00.000Z';
export const start = Date.parse(startTime);
export const uid = '0c5ab1a5-7e0a-4d83-9d70-2f6d9ac64fd4';

/** The moment `seconds` after the start, as status has it. */
export const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();

type Spec = NodeTask['spec'];

export const oneShot: Spec = { type: 'mark-ready', target: { podName: 'sei-0' } };
export const fanOut: Spec = { type: 'mark-ready', target: { selector: { matchLabels: { app: 'sei' } } } };
export const cron: Spec = { ...oneShot, type: 'config-validate', async: { schedule: { cron: '0 3 * * *' } } };
export const height: Spec = { ...cron, async: { schedule: { blockHeight: 100 } } };
export const daemon: Spec = { ...oneShot, type: 'result-export', async: { daemon: { restartPolicy: 'Never' } } };

export const agentPod = (name: string, changes: Partial<AgentPod> & { readonly uid?: string } = {}): AgentPod => {
  const { uid: podUID = `uid-of-${name}`, ...rest } = changes;
  return {
    metadata: { name, namespace: 'sei', uid: podUID, resourceVersion: '1' },
    labels: { app: 'sei' },
    createdAt: start - 3_600_000,
    address: { host: '10.0.0.1', port: 7777 },
    pulse: '',
    restarts: 0,
    ...rest,
  };
};

/** A pod whose agent cannot be called. */
export const podWithoutAddress = (name: string): AgentPod => {
  const { address: _, ...pod } = agentPod(name);
  return { ...pod, unavailable: 'the pod has no address yet' };
};

export const nodeTask = (
  spec: Spec,
  status: NodeTaskStatus = { observedGeneration: -1 },
  metadata: Partial<NodeTask['metadata']> = {},
): NodeTask => ({
  apiVersion: 'nodetask.dev/v1alpha1',
  kind: 'NodeTask',
  metadata: {
    name: 'job',
    namespace: 'sei',
    uid,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: startTime,
    ...metadata,
  },
  spec,
  status,
});

export interface Setup extends Partial<Omit<Gathered, 'nodeTask' | 'memory' | 'now'>> {
  readonly spec?: Spec;
  readonly status?: NodeTaskStatus;
  readonly metadata?: Partial<NodeTask['metadata']>;
  readonly memory?: Readonly<Record<string, TaskMemory>>;
  /** Seconds since the start. */
  readonly seconds?: number;
}

export const gathered = (setup: Setup = {}): Gathered => ({
  nodeTask: readNodeTask(nodeTask(setup.spec ?? oneShot, setup.status, setup.metadata)),
  pods: setup.pods ?? [agentPod('sei-0')],
  namesInstead: setup.namesInstead ?? [],
  unlabelled: setup.unlabelled ?? [],
  formerPods: setup.formerPods ?? [],
  dependencies: setup.dependencies ?? new Map(),
  missingSince: setup.missingSince ?? new Map(),
  nearNames: setup.nearNames ?? new Map(),
  awaitedBy: setup.awaitedBy ?? [],
  outOfReachSince: setup.outOfReachSince ?? new Map(),
  ahead: setup.ahead ?? new Map(),
  ...(setup.writtenAt === undefined ? {} : { writtenAt: setup.writtenAt }),
  ...(setup.droppedAt === undefined ? {} : { droppedAt: setup.droppedAt }),
  ...(setup.refused === undefined ? {} : { refused: setup.refused }),
  underWay: setup.underWay ?? new Set(),
  memory: new Map(Object.entries(setup.memory ?? {})),
  now: start + (setup.seconds ?? 0) * 1000,
});

export const context = (setup: Setup = {}): RunContext => runContext(gathered(setup));

export const view = (setup: Setup = {}, pod = 'sei-0'): TargetView => targetView(context(setup), pod, 1);

/** The id of attempt 1 on a pod. */
export const idOf = (pod: string, runID?: string): string => taskID({ nodeTaskUID: uid, runID, pod, attempt: 1 });

export const accepted = (changes: Partial<TaskMemory> = {}, seconds = 0): TaskMemory => ({
  podUID: 'uid-of-sei-0',
  failures: 0,
  dispatch: { kind: 'accepted', at: start + seconds * 1000 },
  ...changes,
});

export const result = (changes: Partial<TaskResult> = {}, pod = 'sei-0'): Omit<TaskResult, 'params'> => ({
  id: idOf(pod),
  type: 'mark-ready',
  status: 'running',
  submittedAt: startTime,
  run: 1,
  ...changes,
});

/** Status of a run that was dispatched to some pods. */
export const runningStatus = (
  rows: readonly NonNullable<NodeTaskStatus['targets']>[number][],
  changes: Partial<NodeTaskStatus> = {},
): NodeTaskStatus => ({
  observedGeneration: 1,
  phase: 'Running',
  startedAt: startTime,
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: startTime,
      reason: 'Running',
      message: '',
    },
    {
      type: 'Reconciling',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: startTime,
      reason: 'Running',
      message: '',
    },
  ],
  targets: [...rows],
  ...changes,
});

export const row = (
  pod: string,
  changes: Partial<NonNullable<NodeTaskStatus['targets']>[number]> = {},
): NonNullable<NodeTaskStatus['targets']>[number] => ({
  pod,
  podUID: `uid-of-${pod}`,
  phase: 'Running',
  attempt: 1,
  taskID: idOf(pod),
  startedAt: startTime,
  ...changes,
});
