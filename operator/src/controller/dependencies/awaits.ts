import type { NodeTask } from '@nodetask/shared';
import { hasFinished } from '../has-finished.ts';

/** Whether a NodeTask still needs what its spec.dependsOn names: nothing of its run has begun. */
export const awaitsDependencies = (nodeTask: NodeTask | undefined): nodeTask is NodeTask => {
  if (nodeTask === undefined || hasFinished(nodeTask) || nodeTask.metadata.deletionTimestamp !== undefined)
    return false;
  const { spec, status } = nodeTask;
  return (spec.dependsOn ?? []).length > 0 && !(status?.runID === spec.runID && status?.startedAt !== undefined);
};

/** Names of the NodeTasks that a change of one releases: it needs them no more. */
export const released = (before: NodeTask | undefined, after: NodeTask | undefined): readonly string[] => {
  if (!awaitsDependencies(before)) return [];
  const still = new Set(awaitsDependencies(after) ? after.spec.dependsOn : []);
  return (before.spec.dependsOn ?? []).filter((name) => !still.has(name));
};
