import type { TaskResult } from '@nodetask/shared';
import { TaskError } from '@nodetask/shared';
import type { EngineCore } from './engine-core.ts';
import { failureOf } from './failure.ts';
import { runFailed } from './record-changes.ts';
import type { TaskRecord } from './store.ts';
import { resultOf } from './task-result-view.ts';

/**
 * Stops what runs of a task and forgets it; its id, known or not, is never executed again.
 * @returns Whether there was such a task.
 * @throws TaskError `store-unavailable`: the task is still there, but its run has been stopped; try again.
 */
export const removeTask = ({ journal, runner, clock }: EngineCore, id: string): boolean => {
  const record = journal.get(id);
  const run = runner.get(id);
  const cancelled = new TaskError('cancelled', 'was removed while it ran');
  // First the work, so that it stops even where the store cannot forget it.
  run?.stop(cancelled);
  const existed = journal.remove(id, new Date(clock.now()));
  run?.remove();
  if (record !== undefined) journal.announceRemoved(id, lastResult(record, cancelled, clock.now()));
  return existed;
};

/** What became of a removed task: one that had not ended was cancelled. */
const lastResult = (record: TaskRecord, cancelled: TaskError, now: number): TaskResult => {
  if (record.result.status !== 'running') return resultOf(record);
  const { nextRunAt: _none, ...result } = record.result;
  const at = new Date(now).toISOString();
  return resultOf(runFailed({ ...record, result }, failureOf(record.type, cancelled), at, true));
};
