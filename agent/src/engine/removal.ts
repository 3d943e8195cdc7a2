import { TaskError } from '@nodetask/shared';
import type { EngineCore } from './engine-core.ts';
import { failureOf } from './failure.ts';
import { taskRemoved } from './record-changes.ts';

/**
 * Stops what runs of a task and forgets it; its id, known or not, is never executed again. The NodeTask of one that had not ended is
 * told that it was cancelled.
 * @returns Whether there was such a task.
 * @throws TaskError `store-unavailable`: the task is still there, but its run has been stopped; try again.
 */
export const removeTask = ({ journal, runner, clock }: EngineCore, id: string): boolean => {
  const record = journal.get(id);
  const run = runner.get(id);
  const at = new Date(clock.now());
  const cancelled = new TaskError('cancelled', record?.active === false ? 'was removed' : 'was removed while it ran');
  // First the work, so that it stops even where the store cannot forget it.
  run?.stop(cancelled);
  const last =
    record?.result.status === 'running' ? taskRemoved(record, failureOf(cancelled), at.toISOString()) : record;
  const existed = journal.remove(id, at, last);
  run?.remove();
  if (last !== undefined) journal.announceRemoved(last);
  return existed;
};
