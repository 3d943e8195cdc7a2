import { isErrorCode, type NodeTaskStatus } from '@nodetask/shared';
import { plural, shortList, withFullStop } from '../bounded-text.ts';
import type { EventNote, OwnedStatus } from './decision.ts';
import { type EventReason, eventReasons } from './event-reasons.ts';
import { outOfReach, type Reason } from './reasons.ts';
import { isTerminal } from './run-context.ts';

/** What is worth an event in the step from one status to the next. */
export const transitionEvents = (before: NodeTaskStatus, after: OwnedStatus | undefined): readonly EventNote[] => {
  if (after === undefined) return [];
  return [
    ...dispatched(before, after),
    ...retrying(before, after),
    ...lost(before, after),
    ...inVain(before, after),
    ...dependencyMissing(before, after),
    ...lastRun(before, after),
    ...missed(before, after),
    ...restarting(before, after),
    ...stalled(before, after),
    ...paused(before, after),
    ...ended(before, after),
  ];
};

const dispatched = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const old = new Map((before.targets ?? []).map((row) => [row.pod, row]));
  const fresh = (after.targets ?? []).filter(({ pod, startedAt, taskID }) => {
    const row = old.get(pod);
    return startedAt !== undefined && (row?.startedAt === undefined || row.taskID !== taskID);
  });
  if (fresh.length === 0) return [];
  const note = `Dispatched to ${plural(fresh.length, 'target')}: ${shortList(fresh.map(({ pod }) => pod))}.`;
  return [{ type: 'Normal', reason: 'Dispatched', action: 'Dispatch', note }];
};

/** An attempt has failed, and another is to come or begins. */
const retrying = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const old = new Map((before.targets ?? []).map((row) => [row.pod, row]));
  const failed = (after.targets ?? []).flatMap(({ pod, attempt = 1, taskID, phase, completedAt, message }) => {
    const row = old.get(pod);
    const isTold = row?.completedAt !== undefined && !isTerminal(row.phase);
    if (completedAt !== undefined && !isTerminal(phase)) {
      return isTold && row.taskID === taskID
        ? []
        : [`attempt ${attempt} on ${pod} failed: ${message ?? 'no reason given'}`];
    }
    const isNext = before.runID === after.runID && attempt > (row?.attempt ?? 1);
    return isNext && !isTold ? [`attempt ${attempt - 1} on ${pod} failed`] : [];
  });
  if (failed.length === 0) return [];
  const note = `${sentence(shortList(failed))} It is tried again, as spec.retry says.`;
  return [{ type: 'Warning', reason: 'Retrying', action: 'Retry', note }];
};

const lost = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const ready = condition(after, 'Ready');
  const old = condition(before, 'Ready');
  if (ready === undefined || !(ready.reason in outOfReach) || old?.reason === ready.reason) return [];
  if (isTerminal(after.phase) || condition(after, 'Stalled') !== undefined) return [];
  return [{ type: 'Warning', reason: reasonOf(ready), action: 'Wait', note: sentence(ready.message) }];
};

/** It goes on, and does not do what it is there for: told once for each stretch of it. */
const inVain = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const ready = condition(after, 'Ready');
  const reason = inVainReasons.find((known) => known === ready?.reason);
  if (ready === undefined || reason === undefined || condition(before, 'Ready')?.reason === reason) return [];
  return [{ type: 'Warning', reason, action: 'Wait', note: sentence(ready.message) }];
};

const inVainReasons = [
  'CannotReport',
  'UploadTooOld',
  'DaemonRetrying',
  'DaemonStalled',
] as const satisfies readonly (Reason & EventReason)[];

/** A message tells until when it waits, too; only another name is news. */
const withoutWait = (message: string): string | undefined => message.split('; waiting until ', 1)[0];

/** From the first moment: a name that is misspelt is never there. */
const dependencyMissing = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const waits = condition(after, 'Ready');
  if (waits === undefined || condition(after, 'Reconciling')?.reason !== ('DependencyAbsent' satisfies Reason))
    return [];
  const old = condition(before, 'Ready');
  if (old?.reason === waits.reason && withoutWait(old.message) === withoutWait(waits.message)) return [];
  return [{ type: 'Warning', reason: 'DependencyAbsent', action: 'Wait', note: sentence(waits.message) }];
};

const lastRun = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const run = condition(after, 'LastRunSucceeded');
  // A missed run is counted, and told by its count.
  if (run === undefined || run.status === 'True' || (run.reason as Reason) === 'RunMissed') return [];
  if (condition(before, 'LastRunSucceeded')?.message === run.message) return [];
  const note = `${sentence(run.message)} The schedule goes on.`;
  return [
    { type: 'Warning', reason: (run.reason as Reason) === 'RunSkipped' ? 'RunSkipped' : 'Failed', action: 'Run', note },
  ];
};

const missed = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const more = (after.missedRuns ?? 0) - (before.runID === after.runID ? (before.missedRuns ?? 0) : 0);
  if (more <= 0) return [];
  const run = condition(after, 'LastRunSucceeded');
  const note =
    (run?.reason as Reason | undefined) === 'RunMissed'
      ? `${sentence(run?.message ?? '')} Raise startingDeadlineSeconds, or find out what held it up.`
      : `${plural(more, 'run')} did not start in time, and became one with the run after: find out what held the agent up.`;
  return [{ type: 'Warning', reason: 'ScheduleMissed', action: 'Run', note }];
};

/** A daemon ended: each time, until it runs again. */
const restarting = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const ready = condition(after, 'Ready');
  if (ready === undefined || (ready.reason as Reason) !== 'DaemonRestarting') return [];
  if (condition(before, 'Ready')?.message === ready.message) return [];
  return [{ type: 'Warning', reason: 'Retrying', action: 'Restart', note: sentence(ready.message) }];
};

/** It cannot go on, but has not ended: a schedule with a wrong cron, a cycle of dependencies, too many targets. */
const stalled = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const stall = condition(after, 'Stalled');
  if (stall === undefined || isTerminal(after.phase)) return [];
  const old = condition(before, 'Stalled');
  // What comes of one call after the other to an agent is not worth an event each.
  const message = readyMessage(after);
  const isToldAlready = stall.reason in outOfReach || readyMessage(before) === message;
  if (old?.reason === stall.reason && isToldAlready) return [];
  const note = `${sentence(message)} It goes on by itself once that is corrected.`;
  return [{ type: 'Warning', reason: reasonOf(stall), action: 'Wait', note }];
};

/** spec.strategy has stopped half-way and waits for people. */
const paused = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  const pause = condition(after, 'Suspended');
  if ((pause?.reason as Reason | undefined) !== 'FailureThreshold') return [];
  if (condition(before, 'Suspended')?.reason === pause?.reason) return [];
  return [{ type: 'Warning', reason: 'Failed', action: 'Pause', note: sentence(readyMessage(after)) }];
};

const ended = (before: NodeTaskStatus, after: OwnedStatus): readonly EventNote[] => {
  if (!isTerminal(after.phase) || (before.phase === after.phase && before.runID === after.runID)) return [];
  const message = sentence(condition(after, 'Ready')?.message ?? '');
  if (after.phase === 'Succeeded') {
    const isNormal = (condition(after, 'Complete')?.reason as Reason | undefined) === 'Succeeded';
    return [{ type: isNormal ? 'Normal' : 'Warning', reason: 'Completed', action: 'Complete', note: message }];
  }
  if (after.phase === 'Cancelled') {
    return [{ type: 'Normal', reason: 'Cancelled', action: 'Cancel', note: message }];
  }
  const note = `${message} To run it again, change spec.runID.`;
  return [{ type: 'Warning', reason: 'Failed', action: 'Fail', note }];
};

/** An event about a condition has its reason, so that the one is found by the other. */
const reasonOf = ({ reason }: { readonly reason: string }): EventReason =>
  reason in eventReasons ? (reason as EventReason) : 'Failed';

/** The one condition that has the whole text. */
const readyMessage = (status: OwnedStatus): string => condition(status, 'Ready')?.message ?? '';

const condition = (status: OwnedStatus, wanted: string): NonNullable<OwnedStatus['conditions']>[number] | undefined =>
  status.conditions?.find(({ type }) => type === wanted);

/** Begins with a capital, unless with an error code; ends with a full stop. */
const sentence = (text: string): string => {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const isCode = isErrorCode(/^[a-z-]{1,80}/.exec(trimmed)?.[0]);
  return withFullStop(isCode ? trimmed : `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}`);
};
