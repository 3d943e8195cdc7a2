import type { NodeTask } from '@nodetask/shared';
import type { ClusterView } from '../cluster-view.ts';
import { hasFinished } from '../has-finished.ts';
import { awaitsDependencies } from './awaits.ts';
import { type DependencyState, dependencyState } from './dependency-state.ts';

/** NodeTasks looked at for one: a longer cycle than this is not found, and waits without a word about it. */
const maxLookedAt = 1024;

/**
 * The NodeTasks that one waits for, directly or through others, by name; those that do not exist are missing. What is behind a finished one
 * holds up nobody.
 */
export const gatherDependencies = (
  view: Pick<ClusterView, 'nodeTask'>,
  nodeTask: NodeTask,
): ReadonlyMap<string, NodeTask> => {
  const found = new Map<string, NodeTask>();
  if (hasFinished(nodeTask)) return found;
  const names = new Set(nodeTask.spec.dependsOn);
  for (const name of names) {
    if (found.size >= maxLookedAt) break;
    const dependency = view.nodeTask(`${nodeTask.metadata.namespace}/${name}`);
    if (dependency === undefined) continue;
    found.set(name, dependency);
    if (hasFinished(dependency)) continue;
    // A set that grows while it is walked: each name once.
    for (const next of dependency.spec.dependsOn ?? []) names.add(next);
  }
  return found;
};

/** Names that a NodeTask waits for and that are not there, or will not be for long. */
export const absentDependencies = (nodeTask: NodeTask, found: ReadonlyMap<string, NodeTask>): readonly string[] =>
  awaitsDependencies(nodeTask)
    ? (nodeTask.spec.dependsOn ?? []).filter((name) => isAbsent(dependencyState(found.get(name))))
    : [];

export const isAbsent = (state: DependencyState): boolean => state === 'missing' || state === 'leaving';
