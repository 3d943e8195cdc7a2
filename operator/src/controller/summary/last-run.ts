import type { RunRecord } from '@nodetask/shared';
import { boundedText, plural, shortList } from '../../bounded-text.ts';
import type { LastRun } from '../decision.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';
import { whatItSaid } from './what-it-said.ts';

interface EndedRun {
  readonly pod: string;
  readonly run: RunRecord;
  /** The words of its agent about it; undefined where nothing is known. */
  readonly said: string | undefined;
}

/** A moment in words, in the time zone of the schedule. */
export type InWords = (time: string) => string;

/** The last run as its own condition tells it, and as Ready does. */
export interface ToldRun extends LastRun {
  /** When it was, or was due. */
  readonly at: string;
  /** @param when the time of it in words */
  readonly inReady: (when: string) => string;
}

/** How the newest run that has ended went, over all targets; absent before any has. The worst of them counts. */
export const lastRunOf = (targets: readonly DecidedTarget[], inWords: InWords): ToldRun | undefined => {
  const ended = targets.flatMap(({ view }): readonly EndedRun[] => {
    const run = view.runs.find(({ status }) => status !== 'running');
    return run === undefined ? [] : [{ pod: view.pod, run, said: whatItSaid(run, view.result) }];
  });
  if (ended.length === 0) return undefined;
  const worst = kinds.find(({ is }) => ended.some(({ run }) => is(run)));
  if (worst === undefined) return undefined;
  const { reason, is, text, inReady } = worst;
  const alike = ended.filter(({ run }) => is(run));
  const at =
    alike
      .map(({ run }) => run.startedAt)
      .toSorted(byTime)
      .at(-1) ?? '';
  return {
    reason,
    message: boundedText(shortList(alike.map((one) => text(one, inWords)))),
    at,
    inReady: (when) => boundedText(inReady(alike, when)),
  };
};

/** From the worst to the best; the last one fits all. */
const kinds: readonly {
  readonly reason: LastRun['reason'];
  readonly is: (run: RunRecord) => boolean;
  readonly text: (ended: EndedRun, inWords: InWords) => string;
  readonly inReady: (ended: readonly EndedRun[], when: string) => string;
}[] = [
  {
    reason: 'RunFailed',
    is: ({ status }) => status === 'failed',
    text: ({ pod, run, said }) => `run ${run.run} on ${pod} failed: ${said ?? noReason}`,
    inReady: (ended, when) => `last run ${when} failed on ${each(ended)}`,
  },
  {
    reason: 'RunMissed',
    is: ({ status }) => status === 'missed',
    text: ({ pod, run }, inWords) => `run ${run.run} on ${pod}, due ${inWords(run.startedAt)}, did not start in time`,
    inReady: (ended, when) =>
      `last run, due ${when}, did not start in time on ${shortList(ended.map(({ pod }) => pod))}`,
  },
  {
    // A schedule that never does anything must not look like one that works.
    reason: 'RunSkipped',
    is: ({ outcome }) => outcome === 'skipped',
    text: ({ pod, run, said }) => `run ${run.run} was skipped on ${pod}: ${said ?? noReason}`,
    inReady: (ended, when) => `last run ${when} was skipped on ${each(ended)}`,
  },
  {
    reason: 'RunSucceeded',
    is: () => true,
    text: ({ pod, run, said }) => `run ${run.run} succeeded on ${pod}${said === undefined ? '' : `: ${said}`}`,
    inReady: (ended, when) => {
      const said = ended[0]?.said;
      const where = ended.length === 1 ? '' : ` on ${plural(ended.length, 'target')}`;
      const isCommon = said !== undefined && ended.every((one) => one.said === said);
      return isCommon ? `last run ${when}${where}: ${said}` : `last run ${when} succeeded${where}`;
    },
  },
];

const noReason = 'no reason given';

const each = (ended: readonly EndedRun[]): string =>
  shortList(ended.map(({ pod, said }) => `${pod}: ${said ?? noReason}`));

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
