import { momentText } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import { earliest } from '../run-context.ts';
import { lateReportMs } from '../timing.ts';
import { daemonGoingOn } from './daemon-going-on.ts';
import { progressText } from './progress-text.ts';
import type { TargetVerdict, TargetView } from './target-view.ts';

/** How a task that its agent has taken looks while it goes on. */
export const goingOn = (view: TargetView): TargetVerdict => {
  const going = goingByMode(view);
  const { aheadOfStatusSince: since, ctx } = view;
  if (since === undefined) return going;
  const lateAt = since + lateReportMs;
  if (ctx.now >= lateAt) return { state: going.state, reason: 'CannotReport', message: cannotReport(view) };
  const wakeAt = earliest([lateAt, going.wakeAt]);
  return wakeAt === undefined ? going : { ...going, wakeAt };
};

const goingByMode = (view: TargetView): TargetVerdict => {
  const { ctx, result, runs } = view;
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
      if (result?.errorCode === 'upload-too-old') {
        return {
          state: 'scheduled',
          reason: 'UploadTooOld',
          message: boundedText(`${view.pod}: ${result.error ?? ''}`),
        };
      }
      if (runs[0]?.status === 'running') {
        return { state: 'scheduled', reason: 'RunActive', message: `run ${runs[0].run} is going` };
      }
      return { state: 'scheduled', reason: 'Scheduled', message: '' };
    case 'daemon':
      return daemonGoingOn(view);
    default:
      return ctx.mode satisfies never;
  }
};

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

const cannotReport = ({ pod, result, ctx }: TargetView): string => {
  const { run = 0, completedAt, error } = result ?? {};
  const ended = completedAt === undefined ? '' : `, which ended ${momentText(completedAt)}`;
  const known = run === 0 ? 'what it has taken' : ctx.mode === 'daemon' ? 'its progress' : `run ${run}${ended}`;
  return boundedText(
    `the agent of pod ${pod} does not report ${known}${error === undefined ? '' : ` (${error})`}. Its service account may lack the right: see agentServiceAccounts of the chart, and the log of the agent`,
  );
};
