import { boundedText, shortList } from '../../bounded-text.ts';
import type { LastRun } from '../decision.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';

/** How the newest run that has ended went, over all targets; absent before any has. */
export const lastRunOf = (targets: readonly DecidedTarget[]): LastRun | undefined => {
  const ended = targets.flatMap(({ view }) => {
    const run = view.runs.find(({ status }) => status !== 'running');
    return run === undefined ? [] : [{ pod: view.pod, run }];
  });
  if (ended.length === 0) return undefined;

  const failed = ended.filter(({ run }) => run.status === 'failed');
  if (failed.length > 0) {
    return {
      reason: 'RunFailed',
      message: boundedText(
        shortList(failed.map(({ pod, run }) => `run ${run.run} on ${pod} failed: ${run.error ?? 'no reason given'}`)),
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
    message: shortList(ended.map(({ pod, run }) => `run ${run.run} succeeded on ${pod}`)),
  };
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
