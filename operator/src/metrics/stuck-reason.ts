import type { NodeTask } from '@nodetask/shared';
import type { Reason } from '../controller/reasons.ts';
import { isTerminal } from '../controller/run-context.ts';
import { taskMode } from '../controller/task-mode.ts';
import { deletionGraceMs, timeoutBackstopMs } from '../controller/timing.ts';

/**
 * Why a NodeTask does not come on, and will not by itself:
 *   unseen    created over a minute ago, and no operator has looked at it
 *   stalled   it says so (condition Stalled): something must be corrected
 *   cannot-report, upload-too-old, daemon-stalled
 *             it goes on, and does not do what it is there for; the condition Ready says why
 *   overdue   an attempt goes on although its timeout, and what the operator adds to it, are long over
 *   deleting  it was deleted, and what holds it has not let go within its grace time
 */
export const stuckReasons = [
  'unseen',
  'stalled',
  'cannot-report',
  'upload-too-old',
  'daemon-stalled',
  'overdue',
  'deleting',
] as const;
export type StuckReason = (typeof stuckReasons)[number];

/** By the reason of Ready. */
const inVainReasons: Readonly<Record<string, StuckReason>> = {
  CannotReport: 'cannot-report',
  UploadTooOld: 'upload-too-old',
  DaemonStalled: 'daemon-stalled',
} satisfies Partial<Record<Reason, StuckReason>>;

/** Beyond every grace time: what is only slow is not stuck. */
const slackMs = 60_000;

/** @param now milliseconds since the epoch. */
export const stuckReason = ({ metadata, spec, status = {} }: NodeTask, now: number): StuckReason | undefined => {
  const { deletionTimestamp, creationTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return isPast(deletionTimestamp, deletionGraceMs, now) ? 'deleting' : undefined;
  if (isTerminal(status.phase) && status.runID === spec.runID) return undefined;
  if ((status.observedGeneration ?? -1) < 0) return isPast(creationTimestamp, 0, now) ? 'unseen' : undefined;
  if (status.conditions?.some((condition) => condition.type === 'Stalled' && condition.status === 'True') === true)
    return 'stalled';
  const inVain = inVainReasons[status.conditions?.find(({ type }) => type === 'Ready')?.reason ?? ''];
  if (inVain !== undefined) return inVain;
  const { timeoutSeconds } = spec;
  if (timeoutSeconds === undefined || taskMode(spec) !== 'one-shot') return undefined;
  const allowed = timeoutSeconds * 1000 + timeoutBackstopMs;
  const isOver = (status.targets ?? []).some(
    ({ phase, startedAt }) => phase === 'Running' && startedAt !== undefined && isPast(startedAt, allowed, now),
  );
  return isOver ? 'overdue' : undefined;
};

const isPast = (time: string, graceMs: number, now: number): boolean => now - Date.parse(time) > graceMs + slackMs;
