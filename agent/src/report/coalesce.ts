import type { TaskResult } from '@nodetask/shared';

const leastMs = 5000;
const leastPercent = 1;

/** What was last sent for a NodeTask. */
export interface Sent {
  readonly at: number;
  readonly stage: string | undefined;
  readonly percent: number | undefined;
}

/**
 * When progress may be sent: 5 s after the last report, and only when it moved by 1 % or to another stage.
 * `now`, a time to wait until (same clock as `now`), or `never` (not before the next change).
 */
export const progressDue = (
  progress: TaskResult['progress'],
  last: Sent | undefined,
  now: number,
): 'now' | 'never' | { readonly until: number } => {
  if (last === undefined) return 'now';
  const moved =
    progress?.stage !== last.stage ||
    progress?.percent === undefined ||
    last.percent === undefined ||
    Math.abs(progress.percent - last.percent) >= leastPercent;
  if (!moved) return 'never';
  return now - last.at >= leastMs ? 'now' : { until: last.at + leastMs };
};
