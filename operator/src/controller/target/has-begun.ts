import { isTerminal } from '../run-context.ts';
import { isAccepted } from './calls.ts';
import type { TargetView } from './target-view.ts';

/** Whether the target has left the start: it has ended, or its agent has had an attempt of this run. It takes no turn any more. */
export const hasBegun = (view: TargetView): boolean => isTerminal(view.row?.phase) || wasDispatched(view);

/** Whether an attempt of this run has ever been with the target's agent, as far as is known. */
export const wasDispatched = (view: TargetView): boolean => view.attempt > 1 || isDispatched(view);

/** Whether the current attempt has been with the agent, as far as is known. */
export const isDispatched = (view: TargetView): boolean =>
  view.row?.startedAt !== undefined || view.result !== undefined || isAccepted(view);
