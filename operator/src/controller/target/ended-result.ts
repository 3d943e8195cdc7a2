import { errorCodeEntry, isErrorCode } from '@nodetask/shared';
import { boundedText, plural, withCode } from '../../bounded-text.ts';
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

/** "skipped: nothing uploaded: 1 snapshot on disk, 2 are needed", "changed: mempool.size 5000 → 10000". For what was unchanged the word is enough. */
const outcomeText = ({ outcome, reason, message }: NonNullable<TargetView['result']>): string => {
  const said = outcome === 'skipped' ? (message ?? reason) : outcome === 'changed' ? message : undefined;
  return boundedText(said === undefined ? (outcome ?? '') : `${outcome ?? ''}: ${said}`);
};

const succeeded = (view: TargetView, result: NonNullable<TargetView['result']>): TargetVerdict => {
  const { outcome } = result;
  const warnings = [...(result.warnings ?? []), ...unreported(view)];
  const [first] = warnings;
  if (first === undefined) return { state: 'succeeded', reason: 'Succeeded', message: outcomeText(result) };
  const more = warnings.length === 1 ? '' : `; and ${plural(warnings.length - 1, 'more warning')}`;
  const message = boundedText(`${outcome ?? 'completed'}; warning: ${first}${more}`);
  return { state: 'succeeded', reason: 'CompletedWithWarnings', message };
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

const explain = ({ result, agentPod }: TargetView, otherwise: string): string => {
  const text = withCode(result?.errorCode, result?.error ?? otherwise);
  // The agent cannot know how it was ended; the kubelet does.
  const end = result?.errorCode === 'agent-crashed' ? agentPod?.lastEnd : undefined;
  if (end === undefined) return boundedText(text);
  const advice = end.startsWith('OOMKilled') ? ': raise its memory limit' : '';
  return boundedText(`${boundedText(text, 768)}; its container last ended with ${end}${advice}`);
};
