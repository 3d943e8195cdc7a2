import type { NodeTask } from '@nodetask/shared';
import type { ClusterView } from '../cluster-view.ts';
import type { NodeTaskMemory } from '../process-memory.ts';
import { isTerminal } from '../run-context.ts';

/** The least time between two tries because of it: an agent can name another one every time. */
const leastMs = 1_000;

/**
 * Whether a task that an agent named as the one in the way is known to have ended: its end came between the agent's answer and now,
 * so that nobody was woken by it. True once for each, and once a second: whatever the agent then says counts.
 */
export const blockerHasEnded = (
  view: Pick<ClusterView, 'nodeTask'>,
  memory: Pick<NodeTaskMemory, 'tasks' | 'endedBlockers' | 'blockerEndedAt'>,
  now: number,
): boolean => {
  if ((memory.blockerEndedAt ?? Number.NEGATIVE_INFINITY) + leastMs > now) return false;
  const blockers = [...memory.tasks.values()].flatMap(({ dispatch }) =>
    dispatch?.kind === 'busy' && dispatch.by?.ref !== undefined ? [{ id: dispatch.by.id, ref: dispatch.by.ref }] : [],
  );
  const ids = new Set(blockers.map(({ id }) => id));
  for (const id of memory.endedBlockers) if (!ids.has(id)) memory.endedBlockers.delete(id);
  const ended = blockers.filter(
    ({ id, ref }) => !memory.endedBlockers.has(id) && hasEnded(view.nodeTask(`${ref.namespace}/${ref.name}`), id),
  );
  for (const { id } of ended) memory.endedBlockers.add(id);
  if (ended.length > 0) memory.blockerEndedAt = now;
  return ended.length > 0;
};

const hasEnded = (nodeTask: NodeTask | undefined, id: string): boolean => {
  if (nodeTask === undefined || isTerminal(nodeTask.status?.phase)) return true;
  const { result, runs } = nodeTask.status?.targets?.find((row) => row.result?.id === id) ?? {};
  return (result?.status ?? 'running') !== 'running' || (runs?.[0]?.status ?? 'running') !== 'running';
};
