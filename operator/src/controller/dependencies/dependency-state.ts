import type { NodeTask } from '@nodetask/shared';
import { hasFinished } from '../has-finished.ts';

/**
 * Where a NodeTask is, for those that depend on it. `leaving`: it is being deleted, and has not completed. `endless`: it is a schedule by cron or a daemon, which
 * never completes.
 */
export type DependencyState = 'missing' | 'leaving' | 'unfinished' | 'endless' | 'completed' | 'failed' | 'cancelled';

/** @param nodeTask absent where there is none of that name. */
export const dependencyState = (nodeTask: NodeTask | undefined): DependencyState => {
  if (nodeTask === undefined) return 'missing';
  const completed = hasFinished(nodeTask) && nodeTask.status?.phase === 'Succeeded';
  if (completed) return 'completed';
  if (nodeTask.metadata.deletionTimestamp !== undefined) return 'leaving';
  if (!hasFinished(nodeTask)) return isEndless(nodeTask) ? 'endless' : 'unfinished';
  return nodeTask.status?.phase === 'Cancelled' ? 'cancelled' : 'failed';
};

const isEndless = ({ spec: { async } }: NodeTask): boolean =>
  async?.daemon !== undefined || async?.schedule?.cron !== undefined;
