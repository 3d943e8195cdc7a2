import type { RunRecord } from '@nodetask/shared';
import { boundedText, shortList } from '../../bounded-text.ts';
import type { LastRun } from '../decision.ts';
import type { TargetView } from '../target/target-view.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';

/** How the newest run that has ended went, over all targets; absent before any has. */
export const lastRunOf = (targets: readonly DecidedTarget[]): LastRun | undefined => {
  const ended = targets.flatMap(({ view }) => {
    const run = view.runs.find(({ status }) => status !== 'running');
    return run === undefined ? [] : [{ pod: view.pod, run, said: whatItSaid(run, view.result) }];
  });
  if (ended.length === 0) return undefined;

  const failed = ended.filter(({ run }) => run.status === 'failed');
  if (failed.length > 0) {
    return {
      reason: 'RunFailed',
      message: boundedText(
        shortList(failed.map(({ pod, run, said }) => `run ${run.run} on ${pod} failed: ${said ?? 'no reason given'}`)),
      ),
    };
  }
  const missed = ended.filter(({ run }) => run.status === 'missed');
  if (missed.length > 0) {
    return {
      reason: 'RunMissed',
      message: boundedText(
        shortList(
          missed.map(({ pod, run }) => `run ${run.run} on ${pod}, due at ${run.startedAt}, did not start in time`),
        ),
      ),
    };
  }
  return {
    reason: 'RunSucceeded',
    message: boundedText(shortList(ended.map(({ pod, run, said }) => wellEnded(pod, run, said)))),
  };
};

/** A run that did nothing says why: a schedule that never does anything must not look like one that works. */
const wellEnded = (pod: string, { run, outcome }: RunRecord, said = 'no reason given'): string =>
  outcome === 'skipped' ? `run ${run} was skipped on ${pod}: ${said}` : `run ${run} succeeded on ${pod}`;

/** Of the last run that has ended the result says more than the list of runs has room for. */
const whatItSaid = ({ error, reason }: RunRecord, result: TargetView['result']): string | undefined => {
  if (error === undefined) return (result?.reason === reason ? result?.message : undefined) ?? reason;
  return result?.error?.startsWith(error.replace(/\u2026$/, '')) === true ? result.error : error;
};

/** When a schedule last fired, when it fires next, and how many of its firings were missed, over all targets. */
export const runFacts = (
  targets: readonly DecidedTarget[],
): { readonly lastRunAt?: string; readonly nextRunAt?: string; readonly missedRuns?: number } => {
  const fired = targets.flatMap(({ view }) => view.runs.filter(({ status }) => status !== 'missed').slice(0, 1));
  const lastRunAt = fired
    .map(({ startedAt }) => startedAt)
    .sort(byTime)
    .at(-1);
  const nextRunAt = targets
    .filter((target) => !hasEnded(target))
    .flatMap(({ view }) => view.result?.nextRunAt ?? [])
    .sort(byTime)
    .at(0);
  const missedRuns = targets.reduce((sum, { view }) => sum + (view.result?.missedRuns ?? 0), 0);
  return {
    ...(lastRunAt === undefined ? {} : { lastRunAt }),
    ...(nextRunAt === undefined ? {} : { nextRunAt }),
    ...(missedRuns === 0 ? {} : { missedRuns }),
  };
};

const byTime = (a: string, b: string): number => Date.parse(a) - Date.parse(b);
