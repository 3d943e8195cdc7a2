import { type JsonObject, type OutcomeReasonCode, outcomeReasons } from '@nodetask/shared';
import type { ToldReport } from '../engine/task-handler.ts';

/** The report of a run that changed nothing: unchanged or skipped, as the registry of reasons says. The output names the reason as well. */
export const nothingDone = (reason: OutcomeReasonCode, message: string, output: JsonObject = {}): ToldReport => ({
  outcome: outcomeReasons[reason].outcome,
  reason,
  message,
  output: { reason, ...output },
});
