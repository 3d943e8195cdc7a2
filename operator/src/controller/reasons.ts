/**
 * Every reason that a condition of a NodeTask may have. Stable: people write alerts and health checks on them.
 * docs/reference/status.md lists the same, held equal by a test.
 */
export const reasons = {
  // --- on the way ----------------------------------------------------------------------------------------------
  NoTarget: 'No pod is there to run the task: wrong name or labels, or the pod does not exist yet.',
  NoAgent: 'A pod is there, but no agent in it can be called: it lacks the label, has no address, or has ended.',
  AgentUnreachable: 'The agent of a target does not answer.',
  AgentBusy: 'The agent of a target works on another task, or others came first; the target gets its turn.',
  DependencyUnfinished: 'A NodeTask that spec.dependsOn names has not completed yet.',
  Suspended: 'spec.suspend is true: nothing new is started, and what runs goes on.',
  Dispatching: 'The task is being handed to its targets.',
  Running: 'The task runs.',
  DaemonRestarting: 'The daemon ended, and its agent starts it again after a pause.',
  BackingOff: 'An attempt failed, and the next one waits for its time.',
  StoppingPreviousRun: 'Work of an earlier runID, or on a pod that is no longer a target, is being stopped.',
  Cancelling: 'The work is being stopped because spec.cancel is true.',
  Deleting: 'The work is being stopped because the NodeTask is being deleted.',
  FailureThreshold: 'More targets failed than spec.strategy allows, and it is paused.',
  // --- in the desired state ---------------------------------------------------------------------------------------
  Succeeded: 'Every target succeeded.',
  CompletedWithFailures: 'All targets have ended, and no more failed than spec.strategy.failureThreshold allows.',
  Scheduled: 'The schedule waits for its next run.',
  RunActive: 'A run of the schedule is going.',
  DaemonRunning: 'The daemon runs on every target.',
  // --- ended badly, or cannot go on -------------------------------------------------------------------------------
  TaskFailed: 'The task failed on its target; the message says why.',
  TimedOut: 'The task took longer than spec.timeoutSeconds.',
  TargetsFailed: 'The task failed on some of its targets; each row of status.targets says why.',
  Rejected: 'The agent refused the task; the message names each fault.',
  TaskRemoved: 'Somebody removed the task on the agent, so that it can never run again.',
  JournalLost: 'The agent lost its journal after the block height had fired; it is never fired again.',
  DependencyFailed: 'A NodeTask that spec.dependsOn names failed or was cancelled.',
  DependencyCycle: 'NodeTasks depend on each other in a cycle; the message names them.',
  DependencyEndless: 'A NodeTask that spec.dependsOn names is a schedule or a daemon, which never completes.',
  DaemonExited: 'The daemon ended and is not started again.',
  Cancelled: 'The task was cancelled.',
  TooManyTargets: 'The selector matches more pods than one NodeTask may have.',
  InvalidSpec: 'The spec does not fit this version of the operator, although the API server took it.',
  // --- of the last run of a schedule ------------------------------------------------------------------------------
  RunSucceeded: 'The last run of the schedule succeeded on every target.',
  RunFailed: 'The last run of the schedule failed on a target.',
  RunMissed: 'The last run of the schedule could not start before its starting deadline.',
} as const;

export type Reason = keyof typeof reasons;
