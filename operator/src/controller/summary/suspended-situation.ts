import { plural, shortList } from '../../bounded-text.ts';
import type { Situation } from '../decision.ts';
import type { TaskMode } from '../task-mode.ts';
import { type DecidedTarget, hasEnded } from './rows.ts';

/** Whether spec.suspend holds a target back, or the runs of its schedule. */
export const isHeldBack = ({ verdict }: DecidedTarget): boolean => verdict.reason === 'Suspended';

/**
 * spec.suspend is true and holds something back. A schedule or daemon is then as it should be; of a one-shot that cannot be said, for it has not
 * ended.
 */
export const suspendedSituation = (targets: readonly DecidedTarget[], mode: TaskMode): Situation => {
  const going = targets.filter(
    (target) => !hasEnded(target) && (target.verdict.state === 'running' || target.verdict.state === 'scheduled'),
  );
  const active = going.filter(({ view, verdict }) => verdict.state === 'running' || view.runs[0]?.status === 'running');
  const held = targets.filter(({ verdict }) => verdict.state === 'waiting').length;
  const { length } = targets;
  return {
    standing: mode === 'one-shot' ? 'suspended' : 'dormant',
    phase: 'Suspended',
    reason: 'Suspended',
    message: [
      'suspended: nothing new is started until spec.suspend is false',
      ...(active.length === 0 ? [] : [`what runs on ${shortList(active.map(({ view }) => view.pod))} goes on`]),
      ...(held === 0 || length === held ? [] : [`${held} of ${plural(length, 'target')} held back`]),
    ].join('; '),
  };
};
