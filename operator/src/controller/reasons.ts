/** What there is to know about a reason of a condition, or of an event. */
export interface ReasonEntry {
  readonly meaning: string;
  /** What whoever reads it is to do. */
  readonly action: string;
}

/** On the way: of Reconciling, or of Ready=False where nothing is wrong for good. */
const onTheWay = {
  NoTarget: {
    meaning: 'No pod is there to run the task: wrong name or labels, or the pod does not exist yet.',
    action: 'Check `spec.target` and the pods; it waits for `spec.target.waitSeconds`.',
  },
  NoAgent: {
    meaning: 'A pod is there, but no agent in it can be called: it lacks the label, has no address, or has ended.',
    action: 'Add the agent and the label `nodetask.dev/agent: enabled` to the pod.',
  },
  AgentUnreachable: {
    meaning: 'The agent of a target does not answer.',
    action:
      'Check that the agent runs, that the operator may reach its port, and that both have certificates of the same CA (or the same token).',
  },
  AgentBusy: {
    meaning: 'The agent of a target works on another task, or others came first; the target gets its turn.',
    action: 'Nothing; `status.blockedBy` names the task in the way, `status.queuePosition` the place in the queue.',
  },
  DependencyUnfinished: {
    meaning: 'A NodeTask that spec.dependsOn names has not completed yet.',
    action: 'Nothing; the message names those that it waits for.',
  },
  Suspended: {
    meaning: 'spec.suspend is true: nothing new is started, and what runs goes on.',
    action: 'Set `spec.suspend` to false to go on, `spec.cancel` to true to end it.',
  },
  Dispatching: { meaning: 'The task is being handed to its targets.', action: 'Nothing.' },
  Running: { meaning: 'The task runs.', action: 'Nothing.' },
  DaemonRestarting: {
    meaning: 'The daemon ended, and its agent starts it again after a pause.',
    action: 'See the error in the message; the pauses grow from 1 s to 5 min.',
  },
  BackingOff: {
    meaning: 'An attempt failed, and the next one waits for its time.',
    action: 'Nothing; the message says when. `spec.cancel` ends it, `spec.retry.limit: 0` lets it fail.',
  },
  StoppingPreviousRun: {
    meaning: 'Work of an earlier runID, or on a pod that is no longer a target, is being stopped.',
    action: 'Nothing.',
  },
  Cancelling: { meaning: 'The work is being stopped because spec.cancel is true.', action: 'Nothing.' },
  Deleting: {
    meaning: 'The work is being stopped because the NodeTask is being deleted.',
    action: 'Nothing; bounded to 30 s. The annotation `nodetask.dev/force-delete` ends it at once.',
  },
  FailureThreshold: {
    meaning: 'More targets failed than spec.strategy allows, and it is paused.',
    action:
      'See the rows of the targets that failed; raise `spec.strategy.failureThreshold` or set `onFailure` to `Continue` to go on, to `Stop` to end it.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** In the desired state: of Ready=True. */
const asItShouldBe = {
  Succeeded: { meaning: 'Every target succeeded.', action: 'Nothing.' },
  CompletedWithWarnings: {
    meaning: 'Every target succeeded, and at least one of them with a warning.',
    action: 'Read the message, and `warnings` in the results of the rows.',
  },
  CompletedWithFailures: {
    meaning: 'All targets have ended, and no more failed than spec.strategy.failureThreshold allows.',
    action: 'See the rows of the targets that failed.',
  },
  Scheduled: { meaning: 'The schedule waits for its next run.', action: 'Nothing.' },
  RunActive: { meaning: 'A run of the schedule is going.', action: 'Nothing.' },
  DaemonRunning: { meaning: 'The daemon runs on every target.', action: 'Nothing.' },
} as const satisfies Record<string, ReasonEntry>;

/** Ended badly, or cannot go on: of Stalled. */
const stuck = {
  TaskFailed: {
    meaning: 'The task failed on its target; the message says why.',
    action: 'Correct what the message names, then change `spec.runID`.',
  },
  TimedOut: {
    meaning: 'The task took longer than spec.timeoutSeconds.',
    action: 'Raise `spec.timeoutSeconds`, or find out why it is slow, then change `spec.runID`.',
  },
  TargetsFailed: {
    meaning: 'The task failed on some of its targets; each row of status.targets says why.',
    action: 'See the rows, then change `spec.runID`.',
  },
  Rejected: {
    meaning: 'The agent refused the task; the message names each fault.',
    action: 'Correct the spec: a schedule goes on by itself, a one-shot with another `spec.runID`.',
  },
  TaskRemoved: {
    meaning: 'Somebody removed the task on the agent, so that it can never run again.',
    action: 'Change `spec.runID` to run it anew.',
  },
  JournalLost: {
    meaning: 'The agent lost its journal after the block height had fired; it is never fired again.',
    action: 'Check what the run did, then change `spec.runID` if it is to run again.',
  },
  DependencyFailed: {
    meaning: 'A NodeTask that spec.dependsOn names failed or was cancelled.',
    action: 'Have that one succeed (another `spec.runID`), then change `spec.runID` of this one.',
  },
  DependencyCycle: {
    meaning: 'NodeTasks depend on each other in a cycle; the message names them.',
    action: 'Take one of the names out of a `spec.dependsOn`; it goes on by itself.',
  },
  DependencyEndless: {
    meaning: 'A NodeTask that spec.dependsOn names is a schedule or a daemon, which never completes.',
    action: 'Depend on one that runs once; it goes on by itself.',
  },
  DaemonExited: {
    meaning: 'The daemon ended and is not started again.',
    action: 'See the error, then change `spec.runID` to start it again.',
  },
  Cancelled: { meaning: 'The task was cancelled.', action: 'Nothing; change `spec.runID` to run it again.' },
  TooManyTargets: {
    meaning: 'The selector matches more pods than one NodeTask may have.',
    action: 'Split the selector over several NodeTasks, each with 256 pods at most.',
  },
  InvalidSpec: {
    meaning: 'The spec does not fit this version of the operator, although the API server took it.',
    action: "Correct the spec, or install the CRD of the operator's version.",
  },
} as const satisfies Record<string, ReasonEntry>;

/** Of LastRunSucceeded, which schedules have. */
const ofTheLastRun = {
  RunSucceeded: { meaning: 'The last run of the schedule succeeded on every target.', action: 'Nothing.' },
  RunFailed: {
    meaning: 'The last run of the schedule failed on a target.',
    action: 'See `status.targets`; the schedule goes on.',
  },
  RunMissed: {
    meaning: 'The last run of the schedule could not start before its starting deadline.',
    action: 'Raise `startingDeadlineSeconds`, or find out what held the run up.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** The reasons by what they are about, as docs/troubleshooting.md has them. */
export const reasonGroups = { onTheWay, asItShouldBe, stuck, ofTheLastRun } as const;

/**
 * Every reason that a condition of a NodeTask may have. Stable: people write alerts and health checks on them.
 * docs/troubleshooting.md is generated from it.
 */
export const reasons = { ...onTheWay, ...asItShouldBe, ...stuck, ...ofTheLastRun } as const;

export type Reason = keyof typeof reasons;
