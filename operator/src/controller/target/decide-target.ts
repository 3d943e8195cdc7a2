import { awaitReport } from './await-report.ts';
import { blocked } from './blocked.ts';
import { dispatch } from './dispatch.ts';
import { endedResult } from './ended-result.ts';
import { failedAttempt } from './failed-attempt.ts';
import { goingOn } from './going-on.ts';
import { heldBack } from './held-back.ts';
import { keepFinished } from './keep-finished.ts';
import { lostHeight } from './lost-height.ts';
import { readWhenSilent } from './read-when-silent.ts';
import { refused } from './refused.ts';
import { renewLimit } from './renew-limit.ts';
import { reschedule } from './reschedule.ts';
import { retry } from './retry.ts';
import type { TargetDecision, TargetVerdict, TargetView } from './target-view.ts';
import { timeoutBackstop } from './timeout-backstop.ts';
import { waitForAgent } from './wait-for-agent.ts';
import { waitForPod } from './wait-for-pod.ts';

/** What is decided about one target, in this order; the first that has something to say wins. */
const chain: readonly TargetDecision[] = [
  keepFinished, //     ended targets stay as they are
  failedAttempt, //    it is to be tried again
  awaitReport, //      it has ended, and the report of it is on its way
  endedResult, //      the result says that it has ended
  lostHeight, //       a fired height whose journal is lost is not repeated
  refused, //          the agent will never run it
  heldBack, //         spec.suspend, and it is not with its agent
  timeoutBackstop, //  the agent did not keep to the timeout
  waitForPod, //       no pod, no label, no address
  waitForAgent, //     no answer
  blocked, //          the agent works on something else, or others came first
  dispatch, //         the agent does not have it yet
  renewLimit, //       timeoutSeconds was changed
  reschedule, //       the schedule was changed
  readWhenSilent, //   it goes on; asked when nothing was heard for long
];

/** What the chain decides; a failed attempt is followed by another where spec.retry says so. */
export const decideTarget = (view: TargetView): TargetVerdict => {
  for (const decision of chain) {
    const verdict = decision(view);
    if (verdict !== undefined) return retry(view, verdict);
  }
  return goingOn(view);
};
