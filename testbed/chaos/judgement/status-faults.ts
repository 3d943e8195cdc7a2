// Whether a NodeTask is where it must be, and says what its agents say.
import type { TaskResult } from '@nodetask/shared';
import type { ChaosTask } from '../workload/chaos-task.ts';
import { attemptID } from './attempt-id.ts';
import type { Seen, Snapshot } from './snapshot.ts';

export interface Applied {
  readonly task: ChaosTask;
  readonly uid: string;
}

/**
 * Why a NodeTask has not come to rest where it must; empty: it has.
 * @param crashed names of NodeTasks that may have failed in place of what was expected.
 */
export const restFaults = (one: Applied, snapshot: Snapshot, crashed: ReadonlySet<string>): readonly string[] => {
  const { task } = one;
  const { nodeTasks, results } = snapshot;
  const seen = nodeTasks.get(task.name);
  if (task.expect === 'gone' || task.expect === 'Cancelled') {
    const running = stillRunning(one, snapshot);
    if (running.length > 0) return running;
  }
  if (task.expect === 'gone') return seen === undefined ? [] : [`${named(task)} is still there: ${phaseOf(seen)}`];
  if (seen === undefined) return [`${named(task)} is gone`];
  const rows = seen.status?.targets ?? [];
  const phase = phaseOf(seen);
  if (phase === 'Failed' && crashed.has(task.name)) return [];
  if (phase !== task.expect) return [`${named(task)} is ${phase} instead of ${task.expect}: ${messageOf(seen)}`];
  const neverBegan = 'exactly' in task.attempts && task.attempts.exactly === 0 && task.expect === 'Failed';
  if (neverBegan || task.expect === 'Cancelled') return [];
  const pods = rows.map(({ pod }) => pod);
  if (pods.toSorted().join() !== task.pods.toSorted().join())
    return [`${named(task)} has rows for ${pods.join()} instead of ${task.pods.join()}`];
  return rows.flatMap(({ pod, taskID = '', result }) => {
    const held = results.get(taskID);
    if (held === undefined) return [`${named(task)} on ${pod}: the agent does not know ${taskID}`];
    return isTold(held, result) ? [] : [`${named(task)} on ${pod}: ${difference(held, result)}`];
  });
};

/** A one-shot whose work has ended everywhere, longer ago than allowed, and whose phase does not say so. */
export const stalePhase = (
  { task, uid }: Applied,
  snapshot: Snapshot,
  { calmSince, freshMs, crashed }: Freshness & { readonly crashed: ReadonlySet<string> },
): readonly string[] => {
  const seen = snapshot.nodeTasks.get(task.name);
  if (seen === undefined || !('exactly' in task.attempts) || phaseOf(seen) === task.expect) return [];
  if (phaseOf(seen) === 'Failed' && crashed.has(task.name)) return [];
  const last = task.attempts.exactly;
  const ends = task.pods.map((pod) => Date.parse(snapshot.results.get(attemptID(uid, pod, last))?.completedAt ?? ''));
  const age = snapshot.at - Math.max(calmSince, ...ends);
  // NaN where it has not ended everywhere.
  return age > freshMs
    ? [`${named(task)} is ${phaseOf(seen)} ${age} ms after its work has ended: ${messageOf(seen)}`]
    : [];
};

const stillRunning = ({ task, uid }: Applied, { results }: Snapshot): readonly string[] =>
  task.pods.flatMap((pod) => {
    const id = attemptID(uid, pod, 1);
    return results.get(id)?.status === 'running' ? [`${named(task)} on ${pod}: ${id} still runs`] : [];
  });

/** Since when nothing fails any more, and how long status may lag behind what an agent says from then on, in milliseconds. */
export interface Freshness {
  readonly calmSince: number;
  readonly freshMs: number;
}

/** Rows that do not show what their agents have said for longer than allowed. */
export const staleRows = (
  { task }: Applied,
  snapshot: Snapshot,
  { calmSince, freshMs }: Freshness,
): readonly string[] => {
  const rows = snapshot.nodeTasks.get(task.name)?.status?.targets ?? [];
  return rows.flatMap(({ pod, taskID = '', result }) => {
    const held = snapshot.results.get(taskID);
    if (held?.completedAt === undefined || isTold(held, result)) return [];
    const age = snapshot.at - Math.max(calmSince, Date.parse(held.completedAt));
    return age <= freshMs ? [] : [`${named(task)} on ${pod}: for ${age} ms ${difference(held, result)}`];
  });
};

const named = ({ name, kind }: ChaosTask): string => `${name} (${kind})`;

/** Progress of what runs may lag; an end may not. */
const isTold = (held: TaskResult, told: Omit<TaskResult, 'params'> | undefined): boolean =>
  told !== undefined &&
  held.id === told.id &&
  // A schedule may have fired since the agent was asked.
  (told.run > held.run ||
    (held.run === told.run && held.status === told.status && held.completedAt === told.completedAt));

const difference = (held: TaskResult, told: Omit<TaskResult, 'params'> | undefined): string =>
  `the agent says ${outline(held)}, status says ${told === undefined ? 'nothing' : outline(told)}`;

const outline = ({ id, status, run, completedAt }: Omit<TaskResult, 'params'>): string =>
  `${status} (${id}, run ${run}, completed ${completedAt ?? 'never'})`;

const phaseOf = ({ status }: Seen): string => status?.phase ?? 'without a phase';

const messageOf = ({ status }: Seen): string => status?.conditions?.[0]?.message ?? 'it says nothing';
