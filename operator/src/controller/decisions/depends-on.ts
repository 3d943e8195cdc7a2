import { shortList } from '../../bounded-text.ts';
import { dependencyState } from '../dependencies/dependency-state.ts';
import { findCycle } from '../dependencies/find-cycle.ts';
import type { Decision, Situation } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import type { RunContext } from '../run-context.ts';
import { runHasBegun } from '../run-has-begun.ts';
import type { TargetState } from '../target/target-view.ts';
import type { Gate } from './gate.ts';
import { holdStart } from './hold-start.ts';

/**
 * spec.dependsOn: nothing begins before all that it names have completed. One that failed fails this one; one that is missing may still
 * come. Every change of them brings it here again, so nothing is asked for in between. What has begun depends on nothing any more.
 */
export const dependsOn: Gate = (ctx) => {
  const names = ctx.spec?.dependsOn ?? [];
  if (names.length === 0 || runHasBegun(ctx)) return undefined;
  const found = names.map((name) => ({ name, state: dependencyState(ctx.dependencies.get(name)) }));

  const bad = found.find(({ state }) => state === 'failed' || state === 'cancelled');
  if (bad !== undefined) return failedBy(ctx, bad.name, bad.state);
  const cycle = findCycle(ctx.nodeTask, ctx.dependencies);
  if (cycle !== undefined) {
    return stalled(ctx, 'DependencyCycle', `spec.dependsOn makes a cycle: ${inCycle(cycle)}; take one of them out`);
  }
  const endless = found.find(({ state }) => state === 'endless');
  if (endless !== undefined) {
    return stalled(
      ctx,
      'DependencyEndless',
      `NodeTask ${endless.name}, which spec.dependsOn names, is a schedule or a daemon and never completes: depend on one that runs once`,
    );
  }
  const open = found.filter(({ state }) => state !== 'completed');
  return open.length === 0 ? undefined : waiting(ctx, open);
};

const waiting = (ctx: RunContext, open: readonly { readonly name: string; readonly state: string }[]): Decision => {
  const missing = open.filter(({ state }) => state === 'missing').map(({ name }) => name);
  const message = [
    `waits for ${shortList(open.map(({ name }) => name))} to complete`,
    ...(missing.length === 0 ? [] : [`there is no NodeTask ${shortList(missing)} yet`]),
  ].join('; ');
  return hold(ctx, { standing: 'progressing', phase: 'Pending', reason: 'DependencyUnfinished', message }, 'waiting');
};

const stalled = (ctx: RunContext, reason: Reason, message: string): Decision =>
  hold(ctx, { standing: 'stalled', phase: 'Pending', reason, message }, 'waiting');

const failedBy = (ctx: RunContext, name: string, state: string): Decision => {
  const ready = ctx.dependencies.get(name)?.status?.conditions?.find(({ type }) => type === 'Ready');
  const how = state === 'cancelled' ? 'was cancelled' : `has failed (${ready?.message ?? 'it says not why'})`;
  const message = `NodeTask ${name}, which spec.dependsOn names, ${how}`;
  const decision = hold(ctx, { standing: 'failed', phase: 'Failed', reason: 'DependencyFailed', message }, 'cancelled');
  return { ...decision, ...(ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}) };
};

/** The condition says it all; the rows only that they have not begun. */
const hold = (ctx: RunContext, situation: Situation, state: TargetState): Decision =>
  holdStart(ctx, situation, { state, reason: situation.reason, message: 'not started: see spec.dependsOn' });

/** "a → b → c → a"; of a long one both ends. */
const inCycle = (names: readonly string[], max = 10): string =>
  (names.length <= max ? names : [...names.slice(0, max - 2), '…', ...names.slice(-2)]).join(' → ');
