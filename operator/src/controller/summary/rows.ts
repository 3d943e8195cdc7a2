import { maxTargetMessageCharacters } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import { currentTaskID } from '../current-task-id.ts';
import type { TaskMemory } from '../task-memory.ts';
import type { OwnedTarget } from '../decision.ts';
import { isoTime } from '../run-context.ts';
import { queuedPhase } from '../queue/places.ts';
import { errorOf } from '../target/ended-result.ts';
import type { TargetState, TargetVerdict, TargetView } from '../target/target-view.ts';

/** A target with what was decided about it. */
export interface DecidedTarget {
  readonly view: TargetView;
  readonly verdict: TargetVerdict;
}

const rowPhases: Readonly<Record<TargetState, string>> = {
  pending: 'Pending',
  waiting: 'Pending',
  blocked: queuedPhase,
  stalled: 'Stalled',
  running: 'Running',
  scheduled: 'Scheduled',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

const endedStates: ReadonlySet<TargetState> = new Set(['succeeded', 'failed', 'cancelled']);
export const hasEnded = ({ verdict }: DecidedTarget): boolean => endedStates.has(verdict.state);

/** The operator's fields of a target's row. What was written about the attempt before stays, until the next one begins. */
export const toRow = ({ view, verdict }: DecidedTarget): OwnedTarget => {
  const { memory, pod, attempt, taskID } = view;
  const message = isInResult(view, verdict)
    ? ''
    : boundedText(verdict.attemptFailure ?? verdict.message, maxTargetMessageCharacters(view.targets));
  if (verdict.nextAttempt !== undefined) return firstRowOf(view, verdict.nextAttempt, message);

  const podUID = dispatchedTo(view);
  const startedAt = startOf(view, memory);
  const completedAt = completionOf({ view, verdict });
  return {
    pod,
    ...(podUID === undefined ? {} : { podUID }),
    phase: rowPhases[verdict.state],
    attempt,
    taskID,
    ...(message === '' ? {} : { message }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
  };
};

const firstRowOf = ({ ctx, pod }: TargetView, attempt: number, message: string): OwnedTarget => ({
  pod,
  phase: 'Pending',
  attempt,
  taskID: currentTaskID(ctx, pod, attempt),
  message,
});

/** Of a target that has ended, or of an attempt that another follows: its pause is counted from there, by this operator's clock. */
const completionOf = ({ view, verdict }: DecidedTarget): string | undefined => {
  if (hasEnded({ view, verdict })) return endOf({ view });
  return verdict.attemptFailure === undefined ? undefined : (view.row?.completedAt ?? isoTime(view.ctx.now));
};

/** When a target that has ended did so. */
export const endOf = ({ view: { row, result, ctx } }: Pick<DecidedTarget, 'view'>): string =>
  row?.completedAt ?? result?.completedAt ?? isoTime(ctx.now);

const dispatchedTo = ({ row, memory, result, agentPod }: TargetView): string | undefined => {
  if (memory?.dispatch?.kind === 'accepted' || memory?.found !== undefined) return memory.podUID;
  return row?.podUID ?? (result === undefined ? undefined : agentPod?.metadata.uid);
};

/** When the attempt was dispatched: as status has it, else as this process did it, else as the agent's result says. */
const startOf = ({ row, result }: TargetView, memory: TaskMemory | undefined): string | undefined =>
  row?.startedAt ??
  (memory?.dispatch?.kind === 'accepted' ? isoTime(memory.dispatch.at) : undefined) ??
  result?.submittedAt;

/** Progress and error of a target are on its result already; repeating them in the row would double the writes, and what people read. */
const isInResult = (view: TargetView, { state, reason, message, attemptFailure }: TargetVerdict): boolean =>
  state === 'running'
    ? (reason === 'Running' || reason === 'DaemonRunning') && view.result?.progress !== undefined
    : state === 'failed' && attemptFailure === undefined && message === errorOf(onStatus(view));

/** An agent that cannot report is asked: what it answers is on status by the row alone. */
const onStatus = ({ ctx, pod, taskID }: TargetView): TargetView['result'] => {
  const result = ctx.rowByPod.get(pod)?.result;
  return result?.id === taskID ? result : undefined;
};
