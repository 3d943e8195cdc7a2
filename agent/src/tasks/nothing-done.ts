import { type JsonObject, type OutcomeReasonCode, outcomeReasons } from '@nodetask/shared';
import type { TaskReport } from '../engine/task-handler.ts';

/** The report of a run that changed nothing: unchanged or skipped, as the registry of reasons says. The output names the reason as well. */
export const nothingDone = (reason: OutcomeReasonCode, output: JsonObject = {}, message?: string): TaskReport => ({
  outcome: outcomeReasons[reason].outcome,
  reason,
  ...(message === undefined ? {} : { message }),
  output: { reason, ...output },
});
