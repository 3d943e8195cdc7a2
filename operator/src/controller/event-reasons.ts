import { outOfReach, type ReasonEntry, reasons } from './reasons.ts';

/** Every reason of an event about a NodeTask: what has happened, and what to do. docs/troubleshooting.md is generated from it. */
export const eventReasons = {
  Dispatched: { meaning: 'Targets have taken the task.', action: 'Nothing.' },
  Completed: {
    meaning: 'Every target succeeded, or no more failed than `spec.strategy.failureThreshold` allows.',
    action: 'Nothing; of type Warning: see the rows of the targets that failed.',
  },
  Failed: {
    meaning: 'It ended as Failed, is paused by its strategy, or a run of a schedule failed.',
    action: 'Correct what the event names, then change `spec.runID` to run it again; a schedule goes on by itself.',
  },
  Retrying: {
    meaning: 'An attempt failed, and `spec.retry` has another follow; or a daemon is started again.',
    action: 'See the error in the event; where it stays the same, correct its cause.',
  },
  Cancelled: {
    meaning: 'It was cancelled, or stopped because the NodeTask is deleted.',
    action: 'Nothing; change `spec.runID` to run it again.',
  },
  ScheduleMissed: {
    meaning: 'Runs of a schedule could not start in time.',
    action:
      'Find out what held the agent up: it was down, another task held the lock, or the run before took too long. Else raise `startingDeadlineSeconds`.',
  },
  RunSkipped: {
    meaning: 'A run of a schedule did nothing, since something that it needs is missing.',
    action: 'See what the event names; the schedule goes on by itself.',
  },
  UploadTooOld: {
    meaning: 'The newest upload is older than `params.maxAgeSeconds`.',
    action: 'The event says why nothing newer was uploaded; the schedule goes on by itself.',
  },
  CannotReport: {
    meaning: 'An agent has something to report, and does not write it to status.',
    action: 'Give the service account of its pod the right to report: `agentServiceAccounts` of the chart.',
  },
  DaemonRetrying: {
    meaning: 'A daemon fails and tries again, and has for a minute.',
    action: 'See the error in the event; the daemon goes on trying.',
  },
  DaemonStalled: {
    meaning: 'A daemon has failed at each try for 10 minutes. It is not Ready until it gets on.',
    action: 'See the error in the event; the daemon goes on trying.',
  },
  DependencyAbsent: {
    meaning: 'There is no NodeTask of a name in `spec.dependsOn`.',
    action: 'Apply it, or correct the name; the event says how long it is waited for.',
  },
  FieldIgnored: {
    meaning: 'A field of the spec has no effect on such a task.',
    action: 'Remove the field, or change what it does not go with.',
  },
  // What a condition says as well has its reason.
  ...outOfReach,
  AgentUnreachable: {
    meaning: `${outOfReach.AgentUnreachable.meaning.slice(0, -1)}. Or it did not confirm that it stopped.`,
    action: `${outOfReach.AgentUnreachable.action} What could not be stopped goes on until the agent hears of it.`,
  },
  WriteRefused: reasons.WriteRefused,
  DaemonExited: reasons.DaemonExited,
  DependencyCycle: reasons.DependencyCycle,
  DependsOnEndless: reasons.DependsOnEndless,
  DependencyFailed: reasons.DependencyFailed,
  InvalidSpec: reasons.InvalidSpec,
  Rejected: reasons.Rejected,
  TaskRemoved: reasons.TaskRemoved,
  TooManyTargets: reasons.TooManyTargets,
} as const satisfies Record<string, ReasonEntry>;

export type EventReason = keyof typeof eventReasons;
