import { failureParts, failureText } from '@nodetask/shared';
import { boundedText, withCode } from '../../bounded-text.ts';
import type { TargetDecision } from './target-view.ts';

/**
 * The agent will never run the task: it refuses the request, or the id was removed. A one-shot has failed by it; a schedule or
 * daemon stalls, because its cron may still be corrected.
 */
export const refused: TargetDecision = ({ ctx, memory, pod }) => {
  const dispatch = memory?.dispatch;
  if (dispatch?.kind === 'gone') {
    return {
      state: 'failed',
      reason: 'TaskRemoved',
      message: `the task was removed on the agent of ${pod} and is never executed again; change spec.runID to run it anew`,
    };
  }
  // Another generation may be another request: it is sent.
  if (dispatch?.kind !== 'refused' || dispatch.generation !== ctx.nodeTask.metadata.generation) return undefined;
  return {
    state: ctx.mode === 'one-shot' ? 'failed' : 'stalled',
    reason: 'Rejected',
    message: boundedText(withCode(dispatch.code, failureText(failureParts(dispatch.message)))),
  };
};
