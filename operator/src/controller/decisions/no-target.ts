import { momentText } from '@nodetask/shared';
import type { Decision, Situation } from '../decision.ts';
import { ignoredFields } from '../ignored-fields.ts';
import { resolveTargets } from '../resolve-targets.ts';
import { requeueAt } from '../requeue.ts';
import type { RunContext } from '../run-context.ts';
import { statusChange, statusWithRows } from '../summary/owned-status.ts';
import { runWaitStart } from '../target/wait-budget.ts';
import { noLabel } from '../target/wait-for-pod.ts';
import { lookAgainMs } from '../timing.ts';
import { transitionEvents } from '../transition-events.ts';
import { type Gate, nothingToDo } from './gate.ts';
import { noMatch } from './no-match.ts';

/** The selector matches no pod with an agent: waits as long as the budget lasts. */
export const noTarget: Gate = (ctx) => {
  if (ctx.spec === undefined || resolveTargets(ctx).length > 0) return undefined;
  const { waitSeconds } = ctx.spec.target;
  const [unlabelled] = ctx.unlabelled;
  const reason = unlabelled === undefined ? 'NoTarget' : 'NoAgent';
  const message = unlabelled === undefined ? noMatch(ctx) : noLabel(unlabelled);
  const deadline = runWaitStart(ctx) + waitSeconds * 1000;

  if (deadline > ctx.now) {
    return decide(
      ctx,
      {
        standing: 'progressing',
        phase: 'Pending',
        reason,
        message: `${message}; waiting until ${momentText(deadline)}`,
      },
      Math.min(deadline, ctx.now + lookAgainMs),
    );
  }
  const isOneShot = ctx.mode === 'one-shot';
  const text = `${message}; ${isOneShot ? 'gave up after' : 'waits for longer than'} spec.target.waitSeconds (${waitSeconds} s)`;
  return isOneShot
    ? decide(ctx, { standing: 'failed', phase: 'Failed', reason, message: text })
    : decide(ctx, { standing: 'stalled', phase: 'Stalled', reason, message: text }, ctx.now + lookAgainMs);
};

const decide = (ctx: RunContext, situation: Situation, wakeAt?: number): Decision => {
  const change = statusChange(ctx, statusWithRows(ctx, situation, []));
  return {
    ...nothingToDo,
    ...change,
    events: [...ignoredFields(ctx), ...transitionEvents(ctx.status, change.status)],
    ...requeueAt(wakeAt, ctx.now),
    ...(situation.standing === 'failed' && ctx.hasFinalizer ? { finalizer: 'remove' as const } : {}),
  };
};
