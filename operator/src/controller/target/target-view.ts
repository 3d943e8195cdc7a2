import type { RunRecord, TargetStatus, TaskResult } from '@nodetask/shared';
import type { AgentPod } from '../../agents/agent-pod.ts';
import { attemptOf } from '../attempt-of.ts';
import { currentTaskID } from '../current-task-id.ts';
import type { Reason } from '../reasons.ts';
import type { RunContext } from '../run-context.ts';
import type { AgentCall, TaskMemory } from '../task-memory.ts';
import { staleProgressMs } from '../timing.ts';

/** One target, as its decisions see it. */
export interface TargetView {
  readonly ctx: RunContext;
  readonly pod: string;
  readonly attempt: number;
  readonly taskID: string;
  /** Targets of the NodeTask in all. */
  readonly targets: number;
  /** Absent while there is no such pod with an agent. */
  readonly agentPod?: AgentPod;
  /** What the operator wrote about this attempt; absent before its first status write. */
  readonly row?: TargetStatus;
  /** The result of this attempt, from status or from the agent; others do not count. */
  readonly result?: Omit<TaskResult, 'params'>;
  /** Since when the agent is known to have ended the task, while status does not show it. */
  readonly unreportedSince?: number;
  /** Of a schedule or daemon: since when its agent is known to be further than status says. */
  readonly aheadOfStatusSince?: number;
  /** Runs of this attempt's schedule, newest first. */
  readonly runs: readonly RunRecord[];
  /** What this pod's agent has answered; absent for a pod that was replaced since. */
  readonly memory?: TaskMemory;
  readonly silence?: NonNullable<TaskMemory['silence']>;
  /** When its turn came, where it had to wait for one (spec.strategy). */
  readonly turnAt?: number;
}

/**
 * Where a target is. `waiting`: its turn has not come; `stalled`: it cannot go on unless something changes, but it has not ended.
 */
export type TargetState =
  'waiting' | 'pending' | 'blocked' | 'running' | 'scheduled' | 'succeeded' | 'failed' | 'cancelled' | 'stalled';

/** What is so about a target, and what to do about it. */
export interface TargetVerdict {
  readonly state: TargetState;
  readonly reason: Reason;
  /** For people; '' where there is nothing to say. */
  readonly message: string;
  readonly calls?: readonly AgentCall[];
  /** When to look again, if nothing happens before. */
  readonly wakeAt?: number;
  /** What stands in its way. */
  readonly blockedBy?: string;
  /** Its place in the queue of the agent, from 1. */
  readonly queuePosition?: number;
  /** Of a failed attempt: whether another may succeed. Absent where no attempt was made. */
  readonly retriable?: boolean;
  /** Why the attempt failed, where another is to come; its end is then kept on status. */
  readonly attemptFailure?: string;
  /** The attempt that begins: its number goes to status before anything of it goes to the agent. */
  readonly nextAttempt?: number;
}

/** One step of the chain: a verdict, or nothing to say. */
export type TargetDecision = (view: TargetView) => TargetVerdict | undefined;

export const targetView = (ctx: RunContext, pod: string, targets: number): TargetView => {
  const found = ctx.rowByPod.get(pod);
  const attempt = attemptOf(ctx, pod);
  const taskID = currentTaskID(ctx, pod, attempt);
  const agentPod = ctx.podByName.get(pod);
  const row = ctx.sameRun && found?.taskID === taskID ? found : undefined;
  const ownMemory = ctx.memory.get(taskID);
  const memory = ownMemory?.podUID === agentPod?.metadata.uid ? ownMemory : undefined;
  const onStatus = found?.result?.id === taskID ? found.result : undefined;
  const isAhead = ctx.mode !== 'one-shot' && isFurther(ownMemory?.found, onStatus);
  const result = isAhead ? ownMemory?.found : furthest(onStatus, ownMemory?.found);
  const runs = onStatus === undefined ? [] : (found?.runs ?? []);
  return {
    ctx,
    pod,
    attempt,
    taskID,
    targets,
    ...(agentPod === undefined ? {} : { agentPod }),
    ...(row === undefined ? {} : { row }),
    ...(result === undefined ? {} : { result }),
    ...(result !== undefined && result !== onStatus && result.status !== 'running' && ownMemory?.readAt !== undefined
      ? { unreportedSince: ownMemory.readAt }
      : {}),
    ...(isAhead && ownMemory?.foundAt !== undefined ? { aheadOfStatusSince: ownMemory.foundAt } : {}),
    runs: isAhead && result !== undefined ? withLastRun(runs, result) : runs,
    ...(memory === undefined ? {} : { memory }),
    ...(ownMemory?.silence === undefined ? {} : { silence: ownMemory.silence }),
  };
};

/** Status wins: it is pushed. What a GET found counts where it has ended and status does not say so yet. */
const furthest = (
  onStatus: TargetView['result'] | undefined,
  found: TaskResult | undefined,
): TargetView['result'] | undefined => {
  if (onStatus === undefined) return found;
  return onStatus.status === 'running' && found !== undefined && found.status !== 'running' ? found : onStatus;
};

/** A daemon writes its progress every few seconds, a schedule each of its runs. Both times are of the agent's clock. */
const isFurther = (found: TaskResult | undefined, onStatus: TargetView['result'] | undefined): boolean => {
  if (found === undefined) return false;
  if (onStatus === undefined || found.run > onStatus.run) return true;
  const reported = Date.parse(onStatus.progress?.at ?? onStatus.submittedAt);
  return found.progress !== undefined && Date.parse(found.progress.at) - reported > staleProgressMs;
};

/** The last run of a schedule, as far as its result tells of it, before those that status knows. */
const withLastRun = (
  runs: readonly RunRecord[],
  { run, completedAt, error, outcome, reason }: NonNullable<TargetView['result']>,
): readonly RunRecord[] => {
  if (completedAt === undefined || run <= (runs[0]?.run ?? 0)) return runs;
  const newest: RunRecord = {
    run,
    status: error === undefined ? 'completed' : 'failed',
    startedAt: completedAt,
    completedAt,
    ...(outcome === undefined ? {} : { outcome }),
    ...(reason === undefined ? {} : { reason }),
    ...(error === undefined ? {} : { error }),
  };
  return [newest, ...runs];
};
