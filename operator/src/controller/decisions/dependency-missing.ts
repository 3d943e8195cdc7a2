import { momentText } from '@nodetask/shared';
import { shortList } from '../../bounded-text.ts';
import type { Decision } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import type { RunContext } from '../run-context.ts';
import { reconcilingSince } from '../target/wait-budget.ts';
import { type FoundDependency, giveUpOnDependency, hasGivenUp, holdForDependency } from './hold-for-dependency.ts';

const reason: Reason = 'DependencyAbsent';

/**
 * There is no NodeTask of a name in spec.dependsOn: it is misspelt, has not been applied yet, or is gone (deleted, or by its ttlSecondsAfterFinished). It is
 * waited for as a pod is: for spec.target.waitSeconds.
 */
export const dependencyMissing = (
  ctx: RunContext,
  absent: readonly FoundDependency[],
  unfinished: readonly FoundDependency[],
): Decision => {
  const waitSeconds = ctx.spec?.target.waitSeconds ?? 0;
  const since = Math.min(...absent.map(({ name }) => ctx.missingSince.get(name) ?? ctx.now));
  const until = Math.max(since, reconcilingSince(ctx)) + waitSeconds * 1000;
  const what = whatIsMissing(ctx, absent);
  if (until <= ctx.now || hasGivenUp(ctx, reason)) {
    const advice = 'apply it, or correct spec.dependsOn';
    const gaveUp = ctx.mode === 'one-shot' ? 'gave up after' : 'waits for longer than';
    return giveUpOnDependency(ctx, reason, `${what}; ${gaveUp} spec.target.waitSeconds (${waitSeconds} s): ${advice}`);
  }
  const message = [
    what,
    `waiting until ${momentText(until)}`,
    ...(unfinished.length === 0 ? [] : [`waits for ${namesOf(unfinished)} to complete, too`]),
  ].join('; ');
  return holdForDependency(ctx, { standing: 'progressing', phase: 'Pending', reason, message }, until);
};

/** "there is no NodeTask chekc in namespace sei (did you mean check?)" */
const whatIsMissing = ({ nodeTask, nearNames }: RunContext, absent: readonly FoundDependency[]): string => {
  const missing = absent.filter(({ state }) => state === 'missing');
  const leaving = absent.filter(({ state }) => state === 'leaving');
  const near = missing.flatMap(({ name }) => nearNames.get(name) ?? []);
  const meant = near.length === 0 ? '' : ` (did you mean ${shortList(near)}?)`;
  return [
    ...(missing.length === 0
      ? []
      : [`there is no NodeTask ${namesOf(missing)} in namespace ${nodeTask.metadata.namespace}${meant}`]),
    ...(leaving.length === 0 ? [] : [`NodeTask ${namesOf(leaving)} is being deleted and has not completed`]),
  ].join('; ');
};

const namesOf = (found: readonly FoundDependency[]): string => shortList(found.map(({ name }) => name));
