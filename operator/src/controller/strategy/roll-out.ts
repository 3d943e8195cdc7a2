import type { NodeTaskSpec } from '@nodetask/shared';
import { plural } from '../../bounded-text.ts';
import type { RunContext } from '../run-context.ts';
import { type DecidedTarget, endOf, hasEnded } from '../summary/rows.ts';
import { decideTarget } from '../target/decide-target.ts';
import { hasBegun } from '../target/has-begun.ts';
import { type TargetVerdict, targetView } from '../target/target-view.ts';
import { amountOf } from './amount-of.ts';
import { inOrder } from './in-order.ts';

type Strategy = NonNullable<NodeTaskSpec['strategy']>;

/** The targets of a one-shot, each with what is decided about it, and what their failures mean for the whole. */
export interface Rollout {
  /** In the order of their turns. */
  readonly targets: readonly DecidedTarget[];
  /** How many may fail. */
  readonly threshold: number;
  /** More have failed: nothing new is started. Absent while it goes on. */
  readonly halted?: 'Stop' | 'Pause';
}

const defaults: Strategy = { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop' };

/**
 * spec.strategy: who may start now. What has begun goes on in any case; the others take their turns in order, as many at a time as
 * maxParallel says, until more have failed than failureThreshold. It depends on nothing but status and the agents' answers: another
 * operator decides the same.
 */
export const rollOut = (ctx: RunContext, names: readonly string[]): Rollout => {
  const strategy = ctx.spec?.strategy ?? defaults;
  const maxParallel = Math.max(1, amountOf(strategy.maxParallel, names.length));
  const threshold = amountOf(strategy.failureThreshold, names.length);
  const views = inOrder(names, strategy.order).map((pod) => targetView(ctx, pod, names.length));

  const started = new Map<string, DecidedTarget>();
  for (const view of views) if (hasBegun(view)) started.set(view.pod, { view, verdict: decideTarget(view) });
  let failures = count(started.values(), isFailure);
  let active = started.size - count(started.values(), hasEnded);
  let halted: Rollout['halted'];

  const targets = views.map((view, index): DecidedTarget => {
    const begun = started.get(view.pod);
    if (begun !== undefined) return begun;
    halted = strategy.onFailure === 'Continue' || failures <= threshold ? undefined : strategy.onFailure;
    if (halted !== undefined) return { view, verdict: held(halted, failures, threshold) };
    if (active >= maxParallel) return { view, verdict: waitsForTurn };
    const target = { view, verdict: decideTarget({ ...view, ...turnOf(index - maxParallel, [...started.values()]) }) };
    started.set(view.pod, target);
    if (isFailure(target)) failures += 1;
    // Also one that has ended without having begun: it keeps its place until status says so.
    active += 1;
    return target;
  });
  return { targets, threshold, ...(halted === undefined ? {} : { halted }) };
};

const count = (targets: Iterable<DecidedTarget>, matches: (target: DecidedTarget) => boolean): number => {
  let found = 0;
  for (const target of targets) if (matches(target)) found += 1;
  return found;
};

/** A target that somebody cancelled on its agent is no success either: whether the others should go on is for people to say. */
export const isFailure = ({ verdict: { state } }: Pick<DecidedTarget, 'verdict'>): boolean =>
  state === 'failed' || state === 'cancelled';

const waitsForTurn: TargetVerdict = { state: 'waiting', reason: 'Dispatching', message: 'waits for its turn' };

const held = (onFailure: 'Stop' | 'Pause', failures: number, threshold: number): TargetVerdict => {
  const why = `${plural(failures, 'target')} failed, more than spec.strategy.failureThreshold (${threshold})`;
  return onFailure === 'Stop'
    ? { state: 'cancelled', reason: 'FailureThreshold', message: `not started: ${why}` }
    : { state: 'waiting', reason: 'FailureThreshold', message: `paused: ${why}` };
};

/**
 * When a place came free for a target: the wait for its pod and its agent begins then. The first have theirs from the start.
 * @param before how many targets have to end, less one, for it to have a place; negative = none.
 */
const turnOf = (before: number, started: readonly DecidedTarget[]): { readonly turnAt?: number } => {
  if (before < 0) return {};
  const ends = started.filter(hasEnded).map((target) => Date.parse(endOf(target)));
  const turnAt = ends.toSorted((a, b) => a - b)[before];
  return turnAt === undefined ? {} : { turnAt };
};
