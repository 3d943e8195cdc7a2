// Which tasks may have failed because their agent was killed twice while they ran: by what the journals said after each kill, not by what agents say.
import type { Snapshot } from './snapshot.ts';
import type { Applied } from './status-faults.ts';

/** How many kills of its agent each task has seen while it ran, by the task's id. */
export type Kills = ReadonlyMap<string, number>;

/** After so many an agent runs a task no more by itself. */
export const mostKills = 2;

/** Names of the NodeTasks that have failed for that, and of those that depend on one. */
export const crashedTwice = (
  applied: readonly Applied[],
  { nodeTasks }: Snapshot,
  kills: Kills,
): ReadonlySet<string> => {
  const names = new Set<string>();
  // In the order in which they were applied: a task depends on earlier ones only.
  for (const { task } of applied) {
    const rows = nodeTasks.get(task.name)?.status?.targets ?? [];
    const itself = rows.some(
      ({ taskID = '', result }) => result?.errorCode === 'agent-crashed' && (kills.get(taskID) ?? 0) >= mostKills,
    );
    const { dependsOn } = task.spec;
    const another = Array.isArray(dependsOn) && dependsOn.some((name) => names.has(String(name)));
    if (itself || another) names.add(task.name);
  }
  return names;
};
