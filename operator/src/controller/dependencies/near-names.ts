import { nearestWord, type NodeTask } from '@nodetask/shared';

/** Names that are looked at: enough for a namespace that people read. */
const maxLookedAt = 5_000;

/** For each name that no NodeTask has, the one that may have been meant. */
export const nearNames = (
  missing: readonly string[],
  nodeTask: NodeTask,
  others: readonly NodeTask[],
): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  if (missing.length === 0) return found;
  const taken = new Set([nodeTask.metadata.name, ...(nodeTask.spec.dependsOn ?? [])]);
  const names = others.slice(0, maxLookedAt).flatMap(({ metadata: { name } }) => (taken.has(name) ? [] : [name]));
  for (const name of missing) {
    // "step-2" is another step than "step-1", and no misspelling of it.
    const near = nearestWord(
      name,
      names.filter((other) => withoutDigits(other) !== withoutDigits(name)),
    );
    if (near !== undefined) found.set(name, near);
  }
  return found;
};

const withoutDigits = (name: string): string => name.replaceAll(/[0-9]+/g, '');
