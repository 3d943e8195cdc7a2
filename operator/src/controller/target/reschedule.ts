import type { ScheduleUpdate } from '@nodetask/shared';
import { goingOn } from './going-on.ts';
import type { TargetDecision, TargetView } from './target-view.ts';

/** cron, time zone, deadline or suspend of the spec differ from what the agent reports: changes them in place. */
export const reschedule: TargetDecision = (view) => {
  const { agentPod, memory, taskID, ctx } = view;
  const update = scheduleUpdate(view);
  if (update === undefined || agentPod === undefined) return undefined;
  // Said already; the report of it is on its way.
  if (memory?.rescheduled === JSON.stringify(update)) return undefined;
  return { ...goingOn(view), calls: [{ kind: 'reschedule', pod: agentPod, taskID, update }], wakeAt: ctx.now };
};

const scheduleUpdate = ({ ctx, result }: TargetView): ScheduleUpdate | undefined => {
  const wanted = ctx.spec?.async?.schedule;
  const suspend = ctx.spec?.suspend ?? false;
  const reported = result?.async?.schedule;
  if (wanted === undefined || reported === undefined) return undefined;
  const update = {
    ...(wanted.cron === reported.cron || wanted.cron === undefined ? {} : { cron: wanted.cron }),
    ...(zone(wanted) === zone(reported) || wanted.cron === undefined ? {} : { timeZone: zone(wanted) }),
    ...(wanted.startingDeadlineSeconds === reported.startingDeadlineSeconds
      ? {}
      : { startingDeadlineSeconds: wanted.startingDeadlineSeconds ?? null }),
    ...(suspend === (reported.suspend ?? false) ? {} : { suspend }),
  };
  return Object.keys(update).length === 0 ? undefined : update;
};

const zone = ({ timeZone }: { readonly timeZone?: string | undefined }): string => timeZone ?? 'Etc/UTC';
