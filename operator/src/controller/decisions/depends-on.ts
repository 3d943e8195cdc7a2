import { momentText } from '@nodetask/shared';
import { plural, shortList } from '../../bounded-text.ts';
import { dependencyState } from '../dependencies/dependency-state.ts';
import { findCycle } from '../dependencies/find-cycle.ts';
import { isAbsent } from '../dependencies/gather-dependencies.ts';
import { staleUntil } from '../dependencies/stale-end.ts';
import type { Decision } from '../decision.ts';
import type { RunContext } from '../run-context.ts';
import { runHasBegun } from '../run-has-begun.ts';
import { reconcilingSince } from '../target/wait-budget.ts';
import { dependencyFailed } from './dependency-failed.ts';
import { dependencyMissing } from './dependency-missing.ts';
import type { Gate } from './gate.ts';
import { type FoundDependency, holdForDependency, isAtTheGate } from './hold-for-dependency.ts';

/**
 * spec.dependsOn: nothing begins before all that it names have completed. One that failed fails this one, one that does not come within the wait budget as
 * well; one that waits or runs is waited for, however long that takes. Every change of them brings it here again. What has begun depends on nothing any more.
 */
export const dependsOn: Gate = (ctx) => {
  const names = ctx.spec?.dependsOn ?? [];
  if (names.length === 0 || runHasBegun(ctx)) return undefined;
  const found = names.map((name) => ({ name, state: dependencyState(ctx.dependencies.get(name)) }));

  const bad = found.find(({ state }) => state === 'failed' || state === 'cancelled');
  if (bad !== undefined) return dependencyFailed(ctx, bad);
  const cycle = findCycle(ctx.nodeTask, ctx.dependencies);
  if (cycle !== undefined) {
    return stalled(ctx, 'DependencyCycle', `spec.dependsOn makes a cycle: ${inCycle(cycle)}; take one of them out`);
  }
  const endless = found.find(({ state }) => state === 'endless');
  if (endless !== undefined) {
    return stalled(
      ctx,
      'DependsOnEndless',
      `NodeTask ${endless.name}, which spec.dependsOn names, is a schedule or a daemon and never completes: depend on one that runs once`,
    );
  }
  const unfinished = found.filter(({ state }) => state === 'unfinished');
  const absent = found.filter(({ state }) => isAbsent(state));
  if (absent.length > 0) return dependencyMissing(ctx, absent, unfinished);
  return unfinished.length > 0 ? waiting(ctx, `waits for ${namesOf(unfinished)} to complete`) : settling(ctx, found);
};

/** What completed another run may be about to run again, by the commit that also asked for this run. */
const settling = (ctx: RunContext, completed: readonly FoundDependency[]): Decision | undefined => {
  if (!isAtTheGate(ctx)) return undefined;
  const { runID } = ctx.nodeTask.spec;
  const since = reconcilingSince(ctx);
  const open = completed.flatMap(({ name, state }) => {
    const dependency = ctx.dependencies.get(name);
    const until = dependency === undefined ? undefined : staleUntil(dependency, runID, since);
    return until !== undefined && until > ctx.now ? [{ name, state, until }] : [];
  });
  if (open.length === 0) return undefined;
  const until = Math.max(...open.map((one) => one.until));
  const message = `this is runID ${runID}, and ${namesOf(open)} completed another; waits until ${momentText(until)} for ${plural(open.length, 'new run')}`;
  return waiting(ctx, message, until);
};

const waiting = (ctx: RunContext, message: string, wakeAt?: number): Decision =>
  holdForDependency(ctx, { standing: 'progressing', phase: 'Pending', reason: 'AwaitsDependency', message }, wakeAt);

const stalled = (ctx: RunContext, reason: 'DependencyCycle' | 'DependsOnEndless', message: string): Decision =>
  holdForDependency(ctx, { standing: 'stalled', phase: 'Stalled', reason, message });

const namesOf = (found: readonly FoundDependency[]): string => shortList(found.map(({ name }) => name));

/** "a → b → c → a"; of a long one both ends. */
const inCycle = (names: readonly string[], max = 10): string =>
  (names.length <= max ? names : [...names.slice(0, max - 2), '…', ...names.slice(-2)]).join(' → ');
