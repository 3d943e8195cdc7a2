import type { RunRecord } from '@nodetask/shared';
import { boundedText, shortList } from '../../bounded-text.ts';
import type { LastRun } from '../decision.ts';
import type { TargetView } from '../target/target-view.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';

interface EndedRun {
  readonly pod: string;
  readonly run: RunRecord;
  /** The reason in words; undefined where nothing is known. */
  readonly said: string | undefined;
}

/** How the newest run that has ended went, over all targets; absent before any has. The worst of them counts. */
export const lastRunOf = (targets: readonly DecidedTarget[]): LastRun | undefined => {
  const ended = targets.flatMap(({ view }): readonly EndedRun[] => {
    const run = view.runs.find(({ status }) => status !== 'running');
    return run === undefined ? [] : [{ pod: view.pod, run, said: whatItSaid(run, view.result) }];
  });
  if (ended.length === 0) return undefined;
  const worst = kinds.find(({ is }) => ended.some(({ run }) => is(run)));
  if (worst === undefined) return undefined;
  const { reason, is, text } = worst;
  return { reason, message: boundedText(shortList(ended.filter(({ run }) => is(run)).map(text))) };
};

/** From the worst to the best; the last one fits all. */
const kinds: readonly {
  readonly reason: LastRun['reason'];
  readonly is: (run: RunRecord) => boolean;
  readonly text: (ended: EndedRun) => string;
}[] = [
  {
    reason: 'RunFailed',
    is: ({ status }) => status === 'failed',
    text: ({ pod, run, said }) => `run ${run.run} on ${pod} failed: ${said ?? 'no reason given'}`,
  },
  {
    reason: 'RunMissed',
    is: ({ status }) => status === 'missed',
    text: ({ pod, run }) => `run ${run.run} on ${pod}, due at ${run.startedAt}, did not start in time`,
  },
  {
    // A schedule that never does anything must not look like one that works.
    reason: 'RunSkipped',
    is: ({ outcome }) => outcome === 'skipped',
    text: ({ pod, run, said }) => `run ${run.run} was skipped on ${pod}: ${said ?? 'no reason given'}`,
  },
  {
    reason: 'RunSucceeded',
    is: () => true,
    text: ({ pod, run }) => `run ${run.run} succeeded on ${pod}`,
  },
];

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
