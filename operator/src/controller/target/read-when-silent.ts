import { lateRunMs, oneShotReadMs, recurringReadMs } from '../timing.ts';
import { readCall } from './calls.ts';
import { goingOn } from './going-on.ts';
import type { TargetDecision, TargetView } from './target-view.ts';

/** A safety net: the result comes by itself; where nothing has come for long, or the agent was started again, it is asked. */
export const readWhenSilent: TargetDecision = (view) => {
  const { agentPod, ctx } = view;
  if (agentPod === undefined) return undefined;
  const dueAt = isRestarted(view) ? ctx.now : readDueAt(view);
  const going = goingOn(view);
  return dueAt > ctx.now ? { ...going, wakeAt: dueAt } : { ...going, calls: [readCall(view, agentPod)] };
};

/** Containers of the pod were started again since the agent said what it knows: its journal may be another one. */
const isRestarted = ({ agentPod, memory }: TargetView): boolean =>
  memory !== undefined && agentPod !== undefined && agentPod.restarts !== (memory.restarts ?? 0);

const readDueAt = ({ ctx, memory, result, aheadOfStatusSince }: TargetView): number => {
  const accepted = memory?.dispatch?.kind === 'accepted' ? memory.dispatch.at : 0;
  const progress = result?.progress === undefined ? 0 : Date.parse(result.progress.at);
  const heard = Math.max(accepted, memory?.readAt ?? 0, Math.min(progress, ctx.now));
  // A schedule or daemon is reported when its agent takes it: one that is not yet on status may never be.
  const isUnreported = result === undefined || aheadOfStatusSince !== undefined;
  if (ctx.mode === 'one-shot' || isUnreported) return heard + oneShotReadMs;
  const regular = heard + recurringReadMs;
  if (result?.nextRunAt === undefined) return regular;
  // A run that is overdue is asked for, but not more often than a one-shot would be.
  return Math.min(regular, Math.max(Date.parse(result.nextRunAt) + lateRunMs, heard + oneShotReadMs));
};
