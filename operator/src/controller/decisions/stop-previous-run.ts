import { shortList } from '../../bounded-text.ts';
import { currentTaskID } from '../current-task-id.ts';
import { workOnStatus } from '../known-work.ts';
import { stopWork } from '../stop-work.ts';
import { statusChange } from '../summary/owned-status.ts';
import { requeueAt } from '../requeue.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { restated } from './hold.ts';

/** spec.runID was changed while the run before still has work on agents: that is stopped first, so that two runs never fight. */
export const stopPreviousRun: Gate = (ctx) => {
  if (ctx.sameRun) return undefined;
  const previous = workOnStatus(ctx).filter(({ pod, taskID }) => taskID !== currentTaskID(ctx, pod, 1));
  const { calls, waiting, wakeAt } = stopWork(ctx, previous, (ctx.spec?.target.waitSeconds ?? 0) * 1000);
  if (waiting.length === 0) return undefined;
  return {
    ...nothingToDo,
    calls,
    // Under the runID of the run that is being stopped: the new one has not begun.
    ...statusChange(
      ctx,
      restated(ctx, ctx.status, {
        standing: 'progressing',
        phase: 'Pending',
        reason: 'StoppingOldRun',
        message: `stopping the run before this one on ${shortList(waiting.map(({ pod }) => pod))}`,
      }),
    ),
    ...requeueAt(wakeAt, ctx.now),
  };
};
