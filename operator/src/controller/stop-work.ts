import type { KnownWork } from './known-work.ts';
import { earliest, type RunContext } from './run-context.ts';
import type { AgentCall } from './task-memory.ts';

export interface StopProgress {
  readonly calls: readonly AgentCall[];
  /** Work that may still run. Empty = nothing runs any more, as far as can be known. */
  readonly waiting: readonly KnownWork[];
  /** Work whose agent could not be asked within the budget. */
  readonly givenUp: readonly KnownWork[];
  /** When to look again. */
  readonly wakeAt?: number;
}

/**
 * Stops work on agents. A pod that is gone or has ended has stopped; one that only lost its label has not; an agent that stays silent for `budgetMs` is given up.
 */
export const stopWork = (ctx: RunContext, work: readonly KnownWork[], budgetMs: number): StopProgress => {
  const calls: AgentCall[] = [];
  const waiting: KnownWork[] = [];
  const givenUp: KnownWork[] = [];
  const wakes: (number | undefined)[] = [];

  for (const item of work) {
    const pod = ctx.podByName.get(item.pod) ?? ctx.formerPodByName.get(item.pod);
    const memory = ctx.memory.get(item.taskID);
    if (pod === undefined || pod.ended === true || memory?.stopped === true) continue;

    const silentSince = pod.address === undefined ? ctx.outOfReachSince.get(item.pod) : memory?.silence?.since;
    const deadline = (silentSince ?? ctx.now) + budgetMs;
    if (deadline <= ctx.now && !ctx.underWay.has(item.taskID)) {
      givenUp.push(item);
      continue;
    }
    waiting.push(item);
    if (ctx.underWay.has(item.taskID)) continue;
    wakes.push(deadline);
    if (pod.address === undefined) continue;
    if ((memory?.retryAt ?? 0) <= ctx.now) calls.push({ kind: 'remove', pod, taskID: item.taskID });
    else wakes.push(memory?.retryAt);
  }

  const wakeAt = earliest(wakes);
  return { calls, waiting, givenUp, ...(wakeAt === undefined ? {} : { wakeAt }) };
};
