import { momentText } from '@nodetask/shared';
import { shortList } from '../../bounded-text.ts';
import { endedSince } from '../dependencies/stale-end.ts';
import type { Decision } from '../decision.ts';
import type { Reason } from '../reasons.ts';
import type { RunContext } from '../run-context.ts';
import { reconcilingSince } from '../target/wait-budget.ts';
import { rerunGraceMs } from '../timing.ts';
import {
  type FoundDependency,
  giveUpOnDependency,
  hasGivenUp,
  holdForDependency,
  isAtTheGate,
} from './hold-for-dependency.ts';

const reason: Reason = 'DependencyFailed';

/**
 * A dependency failed or was cancelled. If it did so while this run waited for it, this run has failed as well. If it had done so before, the commit that asked
 * for this run may ask for another run of the dependency too, and its objects come in any order: that is waited for, not for long.
 */
export const dependencyFailed = (ctx: RunContext, { name, state }: FoundDependency): Decision => {
  const dependency = ctx.dependencies.get(name);
  const since = reconcilingSince(ctx);
  const until = since + rerunGraceMs;
  const isOver = until <= ctx.now || hasGivenUp(ctx, reason) || !isAtTheGate(ctx);
  const why = `NodeTask ${name}, which spec.dependsOn names, ${whatCameOfIt(ctx, name, state)}`;
  if (isOver || dependency === undefined || endedSince(dependency, since)) return giveUpOnDependency(ctx, reason, why);
  const message = `${why}; waits until ${momentText(until)} for another run of it`;
  return holdForDependency(ctx, { standing: 'progressing', phase: 'Pending', reason, message }, until);
};

/**
 * With the moment, because the sentence stays when the dependency has come right. One that failed by its own dependencies is quoted without their errors: they
 * may have come right by now.
 */
const whatCameOfIt = ({ dependencies }: RunContext, name: string, state: string): string => {
  const dependency = dependencies.get(name);
  const at = dependency?.status?.completedAt === undefined ? '' : ` at ${momentText(dependency.status.completedAt)}`;
  if (state === 'cancelled') return `was cancelled${at}`;
  const { conditions = [] } = dependency?.status ?? {};
  const ready = conditions.find(({ type }) => type === 'Ready');
  const failed = conditions.find(({ type }) => type === 'Failed') ?? ready;
  if ((failed?.reason as Reason | undefined) === reason) {
    return `failed${at} because of what it depends on: see NodeTask ${shortList(dependency?.spec.dependsOn ?? [])}`;
  }
  // Ready has the text, unless the NodeTask is being deleted: then it tells of that.
  const why = ready !== undefined && ready.reason === failed?.reason ? ready.message : failed?.reason;
  return `failed${at} (${why ?? 'it does not say why'})`;
};
