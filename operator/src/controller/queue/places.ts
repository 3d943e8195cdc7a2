import type { NodeTask, TargetStatus } from '@nodetask/shared';
import { hasFinished } from '../has-finished.ts';
import type { KnownNodeTask } from '../read-node-task.ts';
import { isTerminal } from '../run-context.ts';
import { taskMode } from '../task-mode.ts';

/**
 * Where one-shots stand at an agent, read off their objects, so that every operator sees the same queue. An agent runs one of them
 * at a time: whichever their types, two at the same pod are in each other's way.
 */

/** `runs`: the agent has it. `waits`: it wants to be dispatched. `arrives`: nobody has looked at this run yet, and it may want to. */
export type Standing = 'runs' | 'waits' | 'arrives';

/** How a NodeTask stands at a pod that it targets. */
export const standingAt = (nodeTask: KnownNodeTask, pod: string): Standing | undefined => {
  if (taskMode(nodeTask.spec) !== 'one-shot' || hasFinished(nodeTask)) return undefined;
  const row = nodeTask.status?.targets?.find((found) => found.pod === pod);
  if (row !== undefined && runs(row)) return 'runs';
  if (!mayStart(nodeTask)) return undefined;
  const { podName = pod } = nodeTask.spec.target;
  if (isUnseen(nodeTask)) return podName === pod ? 'arrives' : undefined;
  return row !== undefined && waits(row) ? 'waits' : undefined;
};

/** Keys of an index by which those that stand at a pod are found: pods, and `anyPod` for a selector that nobody has looked at yet. */
export const placeKeys = (nodeTask: NodeTask): readonly string[] => {
  const { namespace } = nodeTask.metadata;
  const { podName } = nodeTask.spec.target;
  const listed = (nodeTask.status?.targets ?? []).map(({ pod }) => pod);
  const named = podName === undefined ? [] : [podName];
  const keys = [...new Set([...listed, ...named])]
    .filter((pod) => standingAt(nodeTask, pod) !== undefined)
    .map((pod) => placeKey(namespace, pod));
  const unresolved = podName === undefined && standingAt(nodeTask, anyPod) === 'arrives';
  return unresolved ? [...keys, placeKey(namespace, anyPod)] : keys;
};

/** No pod has this name. */
export const anyPod = '*';

/** Of a pod, `namespace/name` as in its cache. */
export const placeKey = (namespace: string, pod: string): string => `${namespace}/${pod}`;

/** First come, first served: by creation, which has seconds, then by name, so that one file with 01-, 02- … has its order. */
export const compareArrival = ({ metadata: a }: NodeTask, { metadata: b }: NodeTask): number =>
  Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp) ||
  (a.name === b.name ? 0 : a.name < b.name ? -1 : 1);

const isUnseen = ({ spec, status }: NodeTask): boolean =>
  (status?.observedGeneration ?? -1) < 0 || status?.runID !== spec.runID;

/** Whether it would be dispatched if the agent were free. */
const mayStart = ({ metadata, spec, status, specFault }: KnownNodeTask): boolean => {
  if (specFault !== undefined) return false;
  if (metadata.deletionTimestamp !== undefined || spec.cancel === true || spec.suspend === true) return false;
  if (status?.runID !== spec.runID) return true;
  return status?.conditions?.some(({ type, status: value }) => type === 'Stalled' && value === 'True') !== true;
};

const ownResult = ({ taskID, result }: TargetStatus): TargetStatus['result'] =>
  taskID !== undefined && result?.id === taskID ? result : undefined;

const runs = (row: TargetStatus): boolean => {
  const result = ownResult(row);
  if (isTerminal(row.phase) || (result !== undefined && result.status !== 'running')) return false;
  return row.phase === 'Running' || result !== undefined;
};

const waits = (row: TargetStatus): boolean => row.phase === queuedPhase && ownResult(row) === undefined;

/** Phase of a row whose target waits for its agent. */
export const queuedPhase = 'Queued';
