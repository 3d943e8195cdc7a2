import type { TaskRef } from '@nodetask/shared';
import type { TaskRecord } from './store.ts';

/** A task that was submitted for a NodeTask. */
export type OwnedTask = TaskRecord & { readonly ref: TaskRef };

export const isOwned = (record: TaskRecord): record is OwnedTask => record.ref !== undefined;

/** Runs of a schedule that its NodeTask shows. */
export interface ShownRuns {
  /** Number of the newest. */
  readonly run: number;
  /** When that one began; absent where it is not shown. */
  readonly lastRunAt?: string;
}

/** The knowledge about the NodeTask of a task. */
export type Standing =
  /** It waits for the task. `ahead`: it shows runs that the journal does not know. */
  | { readonly kind: 'wanted'; readonly ahead?: ShownRuns }
  /** It is there, and its work is over or is to stop: it is told that the task was stopped. */
  | { readonly kind: 'over'; readonly why: string }
  /** Nobody is there to be told. */
  | { readonly kind: 'gone'; readonly why: string }
  /** The API server has not answered. */
  | { readonly kind: 'away' }
  /** The agent may not ask. */
  | { readonly kind: 'forbidden' };

/** The NodeTasks of an agent's tasks, as the engine sees them. */
export interface NodeTasks {
  /** True if the API server confirmed this very NodeTask not long ago. */
  isFresh(ref: TaskRef): boolean;
  /** Asks the API server. Ends when the signal aborts, and never rejects. */
  ask(task: OwnedTask, signal: AbortSignal): Promise<Standing>;
}
