import { errorCodeEntry, failureParts, failureText, isErrorCode } from '@nodetask/shared';
import { boundedText, maxMessageCharacters, plural, withCode } from '../../bounded-text.ts';
import type { TargetDecision, TargetVerdict, TargetView } from './target-view.ts';
import { isOverdue } from './timeout-backstop.ts';

/**
 * A result that says the task has ended. Of a cron schedule none does: its result tells of the last run. A daemon that ended,
 * well or badly, is not started again by its agent, and neither by the operator.
 */
export const endedResult: TargetDecision = (view) => {
  const { result } = view;
  if (result === undefined || result.status === 'running') return undefined;
  if (result.cancelled === true) {
    // By this operator, because its time was over: see timeoutBackstop.
    if (isOverdue(view)) return undefined;
    return { state: 'cancelled', reason: 'Cancelled', message: explain(view, 'the task was cancelled on the agent') };
  }
  switch (view.ctx.mode) {
    case 'cron':
      return undefined;
    case 'daemon':
      return { state: 'failed', reason: 'DaemonExited', message: explain(view, 'the daemon returned') };
    case 'one-shot':
    case 'height':
      if (result.status === 'completed') return succeeded(view, result);
      return {
        state: 'failed',
        reason: result.errorCode === 'timed-out' ? 'TimedOut' : 'TaskFailed',
        message: explain(view, 'the task failed'),
        retriable: isRetriable(result),
      };
    default:
      return view.ctx.mode satisfies never;
  }
};

/**
 * "mempool.size 5000 → 10000", "skipped: nothing uploaded: 1 snapshot on disk, 2 are needed". Only of what has changed nothing the outcome is said
 * beside the words.
 */
const outcomeText = ({ outcome, reason, message }: NonNullable<TargetView['result']>): string => {
  const said = message ?? reason;
  if (said === undefined || outcome === undefined) return outcome ?? '';
  return boundedText(outcome === 'changed' ? said : `${outcome}: ${said}`);
};

const succeeded = (view: TargetView, result: NonNullable<TargetView['result']>): TargetVerdict => {
  const warnings = [...(result.warnings ?? []), ...unreported(view)];
  const [first] = warnings;
  if (first === undefined) return { state: 'succeeded', reason: 'Succeeded', message: outcomeText(result) };
  const more = warnings.length === 1 ? '' : `; and ${plural(warnings.length - 1, 'more warning')}`;
  // A warning must have room behind what was done.
  const done = boundedText(outcomeText(result), maxMessageCharacters / 2);
  const message = boundedText(`${done === '' ? 'completed' : done}; warning: ${first}${more}`);
  return { state: 'succeeded', reason: 'WithWarnings', message };
};

/** The operator had to ask for the end: a warning, since schedules and daemons of that pod are not reported either. */
const unreported = ({ pod, unreportedSince }: TargetView): readonly string[] =>
  unreportedSince === undefined
    ? []
    : [
        `the agent of pod ${pod} has not reported it; its service account may lack the right (agentServiceAccounts of the chart), see the log of the agent`,
      ];

/** As the agent says; one that says nothing of it is judged by its code. */
export const isRetriable = ({ retriable, errorCode }: NonNullable<TargetView['result']>): boolean =>
  retriable ?? (isErrorCode(errorCode) && errorCodeEntry(errorCode).retriable);

/** The error of a result, behind its code. */
export const errorOf = (result: TargetView['result']): string | undefined =>
  result?.error === undefined ? undefined : boundedText(withCode(result.errorCode, result.error));

const explain = ({ result, agentPod }: TargetView, otherwise: string): string => {
  const text = result?.error ?? otherwise;
  // The agent cannot know how it was ended; the kubelet does.
  const end = result?.errorCode === 'agent-crashed' ? agentPod?.lastEnd : undefined;
  if (end === undefined) return errorOf(result) ?? boundedText(withCode(result?.errorCode, text));
  const { cause, remedy } = failureParts(boundedText(text, 768));
  return boundedText(
    withCode(
      result?.errorCode,
      failureText({
        cause: `${cause}; its container last ended with ${end}`,
        ...(end.startsWith('OOMKilled')
          ? { remedy: 'raise its memory limit' }
          : remedy === undefined
            ? {}
            : { remedy }),
      }),
    ),
  );
};
