import type { NodeTask } from '@nodetask/shared';

/** How the task of a NodeTask runs. */
export type TaskMode = 'one-shot' | 'cron' | 'height' | 'daemon';

export const taskMode = ({ async }: Pick<NodeTask['spec'], 'async'>): TaskMode => {
  if (async?.daemon !== undefined) return 'daemon';
  if (async?.schedule === undefined) return 'one-shot';
  return async.schedule.blockHeight === undefined ? 'cron' : 'height';
};
