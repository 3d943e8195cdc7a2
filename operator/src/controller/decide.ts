import type { Decision } from './decision.ts';
import { cancelling } from './decisions/cancelling.ts';
import { dependsOn } from './decisions/depends-on.ts';
import { deleting } from './decisions/deleting.ts';
import { finished } from './decisions/finished.ts';
import type { Gate } from './decisions/gate.ts';
import { invalidSpec } from './decisions/invalid-spec.ts';
import { noTarget } from './decisions/no-target.ts';
import { runTargets } from './decisions/run-targets.ts';
import { stopPreviousRun } from './decisions/stop-previous-run.ts';
import { suspended } from './decisions/suspended.ts';
import { tooManyTargets } from './decisions/too-many-targets.ts';
import { dropForeignRows } from './foreign-rows.ts';
import { keepFinalizer } from './keep-finalizer.ts';
import { type Gathered, type RunContext, runContext } from './run-context.ts';
import { tellOfRefusal } from './tell-of-refusal.ts';

/** What is decided about a NodeTask, in this order; the first that has something to say wins. */
const chain: readonly Gate[] = [
  deleting, //           it goes: stop its work, let go
  finished, //           it has ended and stays so, until runID changes
  stopPreviousRun, //    runID changed: what still runs of the run before is stopped
  cancelling, //         spec.cancel
  invalidSpec, //        a spec that this version cannot read
  tooManyTargets, //     more pods than status can hold
  suspended, //          spec.suspend, before anything has begun
  dependsOn, //          spec.dependsOn, before anything has begun
  noTarget, //           no pod at all
];

/**
 * What is to be done about a NodeTask, from everything that is known of it. Pure: the same input, the same decision; repeated at
 * any time it asks for the same calls, and for nothing once they have been answered and status has been written.
 */
export const decide = (gathered: Gathered): Decision => {
  const ctx = runContext(gathered);
  return dropForeignRows(ctx, withoutCallsUnderWay(ctx, tellOfRefusal(ctx, keepFinalizer(ctx, firstOf(ctx)))));
};

/** The answer of a call that is under way brings the NodeTask back. */
const withoutCallsUnderWay = ({ underWay }: RunContext, decision: Decision): Decision =>
  underWay.size === 0 ? decision : { ...decision, calls: decision.calls.filter(({ taskID }) => !underWay.has(taskID)) };

const firstOf = (ctx: RunContext): Decision => {
  for (const gate of chain) {
    const decision = gate(ctx);
    if (decision !== undefined) return decision;
  }
  return runTargets(ctx);
};
