import { plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import { outOfReach } from '../reasons.ts';
import { isFailure, type Rollout } from '../strategy/roll-out.ts';
import { endSituation } from './end-situation.ts';
import { saidFailures } from './failure-on.ts';
import type { DecidedTarget } from './rows.ts';
import { hasEnded } from './rows.ts';
import { isHeldBack, suspendedSituation } from './suspended-situation.ts';

/** Where a one-shot is, from its targets. */
export const oneShotSituation = ({ targets, threshold, halted }: Rollout): Situation => {
  if (targets.every(hasEnded)) return endSituation(targets, threshold);
  if (halted === 'Pause') return paused(targets, threshold);
  if (targets.some(isHeldBack)) return suspendedSituation(targets, 'one-shot');

  const open = targets.filter((target) => !hasEnded(target));
  const running = open.filter(({ verdict }) => verdict.state === 'running');
  // Trouble first: what does not go by itself is what somebody wants to read.
  const shown =
    open.find(({ verdict }) => verdict.reason in outOfReach && verdict.reason !== 'NoTarget') ??
    open.find(({ verdict }) => verdict.reason === 'NoTarget') ??
    running[0] ??
    open.find(({ verdict }) => verdict.state === 'blocked') ??
    open[0];
  const reason = shown?.verdict.reason ?? 'Dispatching';
  return {
    standing: 'progressing',
    phase:
      running.length > 0 ? 'Running' : open.some(({ verdict }) => verdict.state === 'blocked') ? 'Queued' : 'Pending',
    reason,
    message: reason === 'Running' ? runningText(targets, running) : (shown?.verdict.message ?? ''),
  };
};

const runningText = (targets: readonly DecidedTarget[], running: readonly DecidedTarget[]): string => {
  const [only] = targets;
  if (targets.length === 1 && only !== undefined) {
    const progress = only.verdict.message;
    return progress === '' ? `runs on ${only.view.pod}` : `runs on ${only.view.pod}, ${progress}`;
  }
  const done = targets.filter(hasEnded).length;
  const failed = targets.filter(isFailure).length;
  const waiting = targets.filter(({ verdict }) => verdict.state === 'waiting').length;
  return [
    `${done} of ${plural(targets.length, 'target')} done${failed === 0 ? '' : ` (${failed} not successful)`}`,
    `runs on ${shortList(running.map(({ view }) => view.pod))}`,
    ...(waiting === 0 ? [] : [`${waiting} to come`]),
  ].join('; ');
};

/** onFailure: Pause. What has begun goes on; the rest waits for somebody to change the strategy, or to cancel. */
const paused = (targets: readonly DecidedTarget[], threshold: number): Situation => {
  const failed = targets.filter(isFailure);
  const waiting = targets.filter(({ verdict }) => verdict.state === 'waiting').length;
  const running = targets.filter((target) => !hasEnded(target) && target.verdict.state !== 'waiting');
  return {
    standing: 'suspended',
    phase: 'Suspended',
    reason: 'FailureThreshold',
    message: [
      `paused: ${failed.length} of ${plural(targets.length, 'target')} failed, more than spec.strategy.failureThreshold (${threshold})`,
      ...(running.length === 0 ? [] : [`goes on on ${shortList(running.map(({ view }) => view.pod))}`]),
      `to start the ${waiting} to come, raise failureThreshold to ${failed.length} or more, or set onFailure to Continue; to end it, set onFailure to Stop`,
      // Last, because errors may be long, and what is too long is cut.
      saidFailures(failed),
    ].join('; '),
  };
};
