import { plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import { isRetriable } from '../target/ended-result.ts';
import { wasDispatched } from '../target/has-begun.ts';
import { failureOn, saidFailures } from './failure-on.ts';
import type { DecidedTarget } from './rows.ts';
import { successText } from './success-text.ts';

/**
 * How a NodeTask ended whose targets have all ended: failed when one failed, else cancelled when one was cancelled; but complete when
 * no more did so than may.
 * @param threshold how many targets may fail.
 */
export const endSituation = (targets: readonly DecidedTarget[], threshold = 0): Situation => {
  const of = (state: string): readonly DecidedTarget[] => targets.filter(({ verdict }) => verdict.state === state);
  const failed = of('failed');
  const cancelled = of('cancelled');
  const unsuccessful = failed.length + cancelled.length;

  if (unsuccessful > 0 && unsuccessful <= threshold) return withFailures(targets, [...failed, ...cancelled], threshold);
  if (failed.length > 0) return failedSituation(targets, failed, cancelled);
  if (cancelled.length > 0) {
    return {
      standing: 'cancelled',
      phase: 'Cancelled',
      reason: 'Cancelled',
      message: `cancelled on ${shortList(cancelled.map(({ view }) => view.pod))}; change spec.runID to run it again`,
    };
  }
  return succeededSituation(targets);
};

const succeededSituation = (targets: readonly DecidedTarget[]): Situation => {
  const isDoubtful = targets.some(({ verdict }) => verdict.reason === 'WithWarnings');
  return {
    standing: 'complete',
    phase: 'Succeeded',
    reason: isDoubtful ? 'WithWarnings' : 'Succeeded',
    message: successText(targets),
  };
};

const withFailures = (
  targets: readonly DecidedTarget[],
  unsuccessful: readonly DecidedTarget[],
  threshold: number,
): Situation => ({
  standing: 'complete',
  phase: 'Succeeded',
  reason: 'WithFailures',
  message: `${unsuccessful.length} of ${plural(targets.length, 'target')} failed, which spec.strategy.failureThreshold (${threshold}) allows; ${saidFailures(unsuccessful)}`,
});

const failedSituation = (
  targets: readonly DecidedTarget[],
  failed: readonly DecidedTarget[],
  cancelled: readonly DecidedTarget[],
): Situation => {
  const [first] = failed;
  const single = targets.length === 1 && first !== undefined;
  const unstarted = cancelled.filter(({ view }) => !wasDispatched(view)).length;
  const rest = unstarted === 0 ? '' : `; ${unstarted} not started`;
  return {
    standing: 'failed',
    phase: 'Failed',
    reason: single ? first.verdict.reason : 'TargetsFailed',
    message: single
      ? failureOn([first.view.pod], first.verdict.message, retryHint(failed))
      : `${failed.length} of ${plural(targets.length, 'target')} failed${rest}${retryHint(failed)}; ${saidFailures(failed)}`,
  };
};

/** Once for all targets, and before the errors, which may be long and cut. */
const retryHint = (failed: readonly DecidedTarget[]): string =>
  failed.some(mightHaveBeenRetried) ? ' (spec.retry would have tried again)' : '';

const mightHaveBeenRetried = ({ view: { ctx, result } }: DecidedTarget): boolean =>
  ctx.mode === 'one-shot' &&
  ctx.spec?.retry === undefined &&
  result?.status === 'failed' &&
  result.cancelled !== true &&
  isRetriable(result);
