import { hasFired } from './calls.ts';
import type { TargetDecision } from './target-view.ts';

/** The height had fired, and the agent knows nothing of it any more: whether the run ended cannot be told, and it is not repeated. */
export const lostHeight: TargetDecision = (view) =>
  view.memory?.missing === true && hasFired(view)
    ? {
        state: 'failed',
        reason: 'JournalLost',
        message: `the agent of pod ${view.pod} lost its journal after the block height had fired; check what the run did, and change spec.runID to run it again`,
      }
    : undefined;
