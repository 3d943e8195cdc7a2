import type { Decision, Situation } from '../decision.ts';
import type { DependencyState } from '../dependencies/dependency-state.ts';
import type { Reason } from '../reasons.ts';
import { requeueAt } from '../requeue.ts';
import type { RunContext } from '../run-context.ts';
import { holdStart } from './hold-start.ts';

/** A name in spec.dependsOn, and where the NodeTask of that name is. */
export interface FoundDependency {
  readonly name: string;
  readonly state: DependencyState;
}

/** A run that does not begin because of what spec.dependsOn names. The condition says it all; the rows only that they have not begun. */
export const holdForDependency = (ctx: RunContext, situation: Situation, wakeAt?: number): Decision => {
  const failed = situation.standing === 'failed';
  const { reason } = situation;
  const state = failed ? 'cancelled' : 'waiting';
  return {
    ...holdStart(ctx, situation, { state, reason, message: 'not started: see spec.dependsOn' }),
    ...requeueAt(wakeAt, ctx.now),
    ...(failed && ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}),
  };
};

/** A dependency that does not come right: a one-shot has failed, and a schedule or daemon goes on by itself once it does. */
export const giveUpOnDependency = (ctx: RunContext, reason: Reason, message: string): Decision =>
  holdForDependency(
    ctx,
    ctx.mode === 'one-shot'
      ? { standing: 'failed', phase: 'Failed', reason, message }
      : { standing: 'stalled', phase: 'Pending', reason, message },
  );

/** Whether that was said of this run before, so that no time is left. */
export const hasGivenUp = ({ sameRun, status: { conditions = [] } }: RunContext, reason: Reason): boolean =>
  sameRun && conditions.some((condition) => condition.type === 'Stalled' && condition.reason === reason);

const beforeOrAtTheGate: ReadonlySet<string> = new Set([
  'InvalidSpec',
  'TooManyTargets',
  'Suspended',
  'DependencyFailed',
  'DependencyAbsent',
  'AwaitsDependency',
  'DependencyCycle',
  'DependsOnEndless',
] satisfies Reason[]);

/** Whether spec.dependsOn has not let this run pass yet. */
export const isAtTheGate = ({ sameRun, status: { conditions = [] } }: RunContext): boolean =>
  !sameRun || conditions.every(({ type, reason }) => type !== 'Ready' || beforeOrAtTheGate.has(reason));
