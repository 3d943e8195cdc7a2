import type { NodeTask } from '@nodetask/shared';
import { hasFinished } from '../has-finished.ts';

/**
 * The names on a way from a NodeTask through its dependencies back to itself, which begins and ends with its own; undefined where there is
 * none. One of the shortest, and always the same.
 * @param dependencies what it waits for, directly or through others, by name.
 */
export const findCycle = (
  { metadata: { name }, spec }: NodeTask,
  dependencies: ReadonlyMap<string, NodeTask>,
): readonly string[] | undefined => {
  const cameFrom = new Map<string, string>();
  const queue: { readonly from: string; readonly to: readonly string[] }[] = [{ from: name, to: spec.dependsOn ?? [] }];
  for (const { from, to } of queue) {
    for (const next of to) {
      if (next === name) return [...wayTo(from, cameFrom), name];
      const dependency = dependencies.get(next);
      if (cameFrom.has(next) || dependency === undefined || hasFinished(dependency)) continue;
      cameFrom.set(next, from);
      queue.push({ from: next, to: dependency.spec.dependsOn ?? [] });
    }
  }
  return undefined;
};

/** From the start, which came from nowhere, to `end`. */
const wayTo = (end: string, cameFrom: ReadonlyMap<string, string>): readonly string[] => {
  const way: string[] = [];
  for (let at: string | undefined = end; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
};
