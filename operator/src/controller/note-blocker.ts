import type { BlockedKeys } from './blocked-keys.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NodeTaskMemory } from './process-memory.ts';
import { hasFreedAgent } from './relevance.ts';

/**
 * Has the end of what stands in the way bring the NodeTask `key` back at once. True where that end was seen before this: between the
 * agent's answer and now. Once for each wait, because what has ended may have begun again.
 */
export const noteBlocker = (
  blocked: BlockedKeys,
  view: Pick<ClusterView, 'nodeTask'>,
  key: string,
  memory: Pick<NodeTaskMemory, 'tasks'>,
): boolean => {
  for (const { dispatch } of memory.tasks.values()) {
    if (dispatch?.kind !== 'busy' || dispatch.by?.ref === undefined) continue;
    const blocker = `${dispatch.by.ref.namespace}/${dispatch.by.ref.name}`;
    return blocked.wait(key, blocker) && hasFreedAgent(view.nodeTask(blocker));
  }
  blocked.forget(key);
  return false;
};
