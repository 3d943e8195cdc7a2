import type { Progress } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import type { TargetVerdict, TargetView } from './target-view.ts';

/** How a task that its agent has taken looks while it goes on. */
export const goingOn = (view: TargetView): TargetVerdict => {
  const { ctx, result, runs, pod } = view;
  switch (ctx.mode) {
    case 'one-shot':
      return {
        state: 'running',
        reason: 'Running',
        message: result?.progress === undefined ? '' : progressText(result.progress),
      };
    case 'cron':
    case 'height':
      if (ctx.spec?.suspend === true) return suspendedSchedule(view);
      if (runs[0]?.status === 'running') {
        return { state: 'scheduled', reason: 'RunActive', message: `run ${runs[0].run} is going` };
      }
      return { state: 'scheduled', reason: 'Scheduled', message: '' };
    case 'daemon':
      if (result === undefined) {
        return { state: 'pending', reason: 'Dispatching', message: `the agent of pod ${pod} starts the daemon` };
      }
      // A daemon that threw and is started again after a pause tells of the error until it runs.
      if (result.error !== undefined) {
        return {
          state: 'pending',
          reason: 'DaemonRestarting',
          message: boundedText(
            `the daemon of pod ${pod} ended and is started again (restart ${result.run}): ${result.error}`,
          ),
        };
      }
      return {
        state: 'running',
        reason: 'DaemonRunning',
        message: result.run > 1 ? `restarted ${times(result.run - 1)} so far` : '',
      };
    default:
      return ctx.mode satisfies never;
  }
};

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** The schedule route has been called by now, or has nothing to say; a run that is going goes on. */
const suspendedSchedule = ({ result, pod, runs }: TargetView): TargetVerdict => {
  if (result?.async?.schedule === undefined) {
    return {
      state: 'pending',
      reason: 'Dispatching',
      message: `the agent of pod ${pod} has not told of its schedule yet`,
    };
  }
  const message = runs[0]?.status === 'running' ? `run ${runs[0].run} goes on` : 'suspended by spec.suspend';
  return { state: 'scheduled', reason: 'Suspended', message };
};

/** "download 41 % (1.2 GB …)" in one short line. */
const progressText = ({ stage, done, total, unit, percent }: Progress): string => {
  const amount = total === undefined ? `${done} ${unit}` : `${done} of ${total} ${unit}`;
  return boundedText(`${stage}: ${amount}${percent === undefined ? '' : ` (${Math.floor(percent)} %)`}`);
};
