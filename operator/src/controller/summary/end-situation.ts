import { plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import type { DecidedTarget } from './rows.ts';

/** How a NodeTask ended whose targets have all ended: failed when one failed, else cancelled when one was cancelled. */
export const endSituation = (targets: readonly DecidedTarget[]): Situation => {
  const of = (state: string): readonly DecidedTarget[] => targets.filter(({ verdict }) => verdict.state === state);
  const failed = of('failed');
  const cancelled = of('cancelled');
  const [only] = targets;

  if (failed.length > 0) {
    const [first] = failed;
    const single = targets.length === 1 && first !== undefined;
    const said = failed.map(({ view, verdict }) => `${view.pod}: ${verdict.message}`);
    return {
      standing: 'failed',
      phase: 'Failed',
      reason: single ? first.verdict.reason : 'TargetsFailed',
      message: single
        ? `failed on ${said.join()}`
        : `${failed.length} of ${plural(targets.length, 'target')} failed: ${shortList(said)}`,
    };
  }
  if (cancelled.length > 0) {
    return {
      standing: 'cancelled',
      phase: 'Cancelled',
      reason: 'Cancelled',
      message: `cancelled on ${shortList(cancelled.map(({ view }) => view.pod))}; change spec.runID to run it again`,
    };
  }
  return {
    standing: 'complete',
    phase: 'Succeeded',
    reason: 'Succeeded',
    message:
      targets.length === 1 && only !== undefined
        ? `succeeded on ${only.view.pod}${only.verdict.message === '' ? '' : ` (${only.verdict.message})`}`
        : `succeeded on ${plural(targets.length, 'target')}`,
  };
};
