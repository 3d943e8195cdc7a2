import { momentText } from '@nodetask/shared';
import { boundedText, plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import type { TaskMode } from '../task-mode.ts';
import { endSituation } from './end-situation.ts';
import { failureOn } from './failure-on.ts';
import { lastRunOf, type ToldRun } from './last-run.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';
import { scheduleOf, scheduleText } from './schedule-text.ts';
import { suspendedSituation } from './suspended-situation.ts';

type RecurringMode = Exclude<TaskMode, 'one-shot'>;

/**
 * Where a schedule or daemon is, from its targets. A failed run leaves a schedule Ready, as pipelines must not break over one night: its reason
 * and LastRunSucceeded tell of it.
 */
export const recurringSituation = (targets: readonly DecidedTarget[], mode: RecurringMode): Situation => {
  const inWords = (time: string): string => momentText(time, scheduleOf(targets)?.timeZone);
  const told = mode === 'daemon' ? undefined : lastRunOf(targets, inWords);
  const lastRun = told === undefined ? {} : { lastRun: { reason: told.reason, message: told.message } };
  return { ...standingOf(targets, mode, told), ...lastRun };
};

/** The task goes on, and does not do what it is there for. */
const inVain: ReadonlySet<Reason> = new Set<Reason>(['CannotReport', 'UploadTooOld', 'DaemonStalled']);

const standingOf = (
  targets: readonly DecidedTarget[],
  mode: RecurringMode,
  lastRun: ToldRun | undefined,
): Situation => {
  if (targets.every(hasEnded)) return endSituation(targets);
  const first = (matches: (target: DecidedTarget) => boolean): DecidedTarget | undefined => targets.find(matches);
  const phase = targets.some(({ verdict }) => verdict.state === 'scheduled')
    ? 'Scheduled'
    : targets.some(({ verdict }) => verdict.state === 'running')
      ? 'Running'
      : 'Pending';

  // A height that ended on one target is as it should be; a cron schedule or a daemon that ended is not.
  const bad = first(({ verdict }) => verdict.state === 'stalled') ?? (mode === 'height' ? undefined : first(hasEnded));
  if (bad !== undefined) {
    return {
      standing: 'stalled',
      phase: 'Stalled',
      reason: bad.verdict.reason,
      message: failureOn([bad.view.pod], bad.verdict.message, '', 'stalled'),
    };
  }
  const waiting =
    first(({ verdict }) => verdict.state === 'pending' || verdict.state === 'blocked') ??
    first(({ verdict }) => inVain.has(verdict.reason));
  if (waiting !== undefined) {
    return { standing: 'progressing', phase, reason: waiting.verdict.reason, message: waiting.verdict.message };
  }
  if (targets.some(({ view }) => view.ctx.spec?.suspend === true)) return suspendedSituation(targets, mode);
  const text = mode === 'daemon' ? daemonText(targets) : scheduleText(targets, lastRun);
  return { standing: 'ready', phase, ...text };
};

const daemonText = (targets: readonly DecidedTarget[]): Pick<Situation, 'reason' | 'message'> => {
  const retrying = targets.filter(({ verdict }) => verdict.reason === 'DaemonRetrying');
  if (retrying.length > 0) {
    return {
      reason: 'DaemonRetrying',
      message: boundedText(shortList(retrying.map(({ verdict }) => verdict.message))),
    };
  }
  const [only] = targets;
  return {
    reason: 'DaemonRunning',
    message:
      targets.length === 1 && only !== undefined && only.verdict.message !== ''
        ? `the daemon runs on ${only.view.pod}: ${only.verdict.message}`
        : `the daemon runs on ${plural(targets.length, 'target')}${restartsText(targets)}`,
  };
};

/** A run of a daemon is one start of it. */
const restartsText = (targets: readonly DecidedTarget[]): string => {
  const restarts = targets.reduce((sum, { view }) => sum + Math.max(0, (view.result?.run ?? 0) - 1), 0);
  return restarts === 0 ? '' : `; ${plural(restarts, 'restart')} so far`;
};
