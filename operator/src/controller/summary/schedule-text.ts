import { countText, momentPair, momentText, type Schedule } from '@nodetask/shared';
import { boundedText, plural, shortList } from '../../bounded-text.ts';
import type { LastRun, Situation } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import { runFacts, type ToldRun } from './last-run.ts';
import type { DecidedTarget } from './rows.ts';

/** Reasons of a schedule whose last run did not succeed; its next one is awaited all the same. */
const afterRun: Readonly<Record<LastRun['reason'], Reason>> = {
  RunSucceeded: 'Scheduled',
  RunSkipped: 'RunSkipped',
  RunFailed: 'LastRunFailed',
  RunMissed: 'RunMissed',
};

/** So that the next run has room behind it. */
const maxLastRunCharacters = 800;

/**
 * Ready of a schedule that goes on: "last run 2026-11-30 03:00: uploaded height 8000, 41 GB; next 2026-12-01 03:00 Europe/Berlin". Times are those of
 * the schedule's zone, and absolute: status is not written again as time goes by.
 */
export const scheduleText = (
  targets: readonly DecidedTarget[],
  lastRun: ToldRun | undefined,
): Pick<Situation, 'reason' | 'message'> => {
  const timeZone = scheduleOf(targets)?.timeZone;
  const active = targets.filter(({ verdict }) => verdict.reason === 'RunActive');
  if (active.length > 0) {
    const runs = `runs on ${shortList(active.map(({ view, verdict }) => `${view.pod} (${verdict.message})`))}`;
    const last = lastRun === undefined ? [] : [lastText(lastRun, momentText(lastRun.at, timeZone))];
    return { reason: 'RunActive', message: [runs, ...last].join('; ') };
  }
  const { missedRuns, nextRunAt } = runFacts(targets);
  const [lastAt, nextAt] =
    lastRun === undefined || nextRunAt === undefined
      ? [momentText(lastRun?.at ?? '', timeZone), momentText(nextRunAt ?? '', timeZone)]
      : momentPair(lastRun.at, nextRunAt, timeZone);
  return {
    reason: lastRun === undefined ? 'Scheduled' : afterRun[lastRun.reason],
    message: [
      ...(lastRun === undefined ? [] : [lastText(lastRun, lastAt)]),
      nextText(targets, nextRunAt === undefined ? undefined : nextAt),
      ...(missedRuns === undefined ? [] : [`${plural(missedRuns, 'run')} missed so far`]),
    ].join('; '),
  };
};

const lastText = ({ inReady }: ToldRun, when: string): string => boundedText(inReady(when), maxLastRunCharacters);

const nextText = (targets: readonly DecidedTarget[], nextAt: string | undefined): string => {
  const blockHeight = scheduleOf(targets)?.blockHeight;
  if (blockHeight !== undefined) return `next at height ${countText(blockHeight)}`;
  return nextAt === undefined ? `scheduled on ${plural(targets.length, 'target')}` : `next ${nextAt}`;
};

export const scheduleOf = (targets: readonly DecidedTarget[]): Schedule | undefined =>
  targets[0]?.view.ctx.spec?.async?.schedule;
