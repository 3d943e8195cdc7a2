import { plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import type { TaskMode } from '../task-mode.ts';
import { endSituation } from './end-situation.ts';
import { lastRunOf, runFacts } from './last-run.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';
import { suspendedSituation } from './suspended-situation.ts';

/** Where a schedule or daemon is, from its targets. A failed run does not make a schedule less ready: LastRunSucceeded tells of it. */
export const recurringSituation = (
  targets: readonly DecidedTarget[],
  mode: Exclude<TaskMode, 'one-shot'>,
): Situation => {
  const lastRun = mode === 'daemon' ? undefined : lastRunOf(targets);
  return { ...standingOf(targets, mode), ...(lastRun === undefined ? {} : { lastRun }) };
};

const standingOf = (targets: readonly DecidedTarget[], mode: Exclude<TaskMode, 'one-shot'>): Situation => {
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
      phase,
      reason: bad.verdict.reason,
      message: `stalled on ${bad.view.pod}: ${bad.verdict.message}`,
    };
  }
  const waiting = first(({ verdict }) => verdict.state === 'pending' || verdict.state === 'blocked');
  if (waiting !== undefined) {
    return { standing: 'progressing', phase, reason: waiting.verdict.reason, message: waiting.verdict.message };
  }
  if (targets.some(({ view }) => view.ctx.spec?.suspend === true)) return suspendedSituation(targets, mode);
  const active = targets.filter(({ verdict }) => verdict.reason === 'RunActive');
  return { standing: 'ready', phase, ...readyText(targets, active, mode) };
};

const readyText = (
  targets: readonly DecidedTarget[],
  active: readonly DecidedTarget[],
  mode: Exclude<TaskMode, 'one-shot'>,
): { readonly reason: Reason; readonly message: string } => {
  if (mode === 'daemon')
    return {
      reason: 'DaemonRunning',
      message: `the daemon runs on ${plural(targets.length, 'target')}${restartsText(targets)}`,
    };
  if (active.length > 0) {
    return {
      reason: 'RunActive',
      message: `runs on ${shortList(active.map(({ view, verdict }) => `${view.pod} (${verdict.message})`))}`,
    };
  }
  const { nextRunAt, missedRuns } = runFacts(targets);
  const height = targets[0]?.view.ctx.spec?.async?.schedule?.blockHeight;
  if (height !== undefined) return { reason: 'Scheduled', message: `waits for block ${height}` };
  return {
    reason: 'Scheduled',
    message: [
      nextRunAt === undefined ? `scheduled on ${plural(targets.length, 'target')}` : `next run at ${nextRunAt}`,
      ...(missedRuns === undefined ? [] : [`${plural(missedRuns, 'run')} missed so far`]),
    ].join('; '),
  };
};

/** A run of a daemon is one start of it. */
const restartsText = (targets: readonly DecidedTarget[]): string => {
  const restarts = targets.reduce((sum, { view }) => sum + Math.max(0, (view.result?.run ?? 0) - 1), 0);
  return restarts === 0 ? '' : `; ${plural(restarts, 'restart')} so far`;
};
