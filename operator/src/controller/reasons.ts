/** What there is to know about a reason of a condition, or of an event. */
export interface ReasonEntry {
  readonly meaning: string;
  /** What whoever reads it is to do. */
  readonly action: string;
}

/** Before any operator: the API server fills it in. */
const unseen = {
  Unseen: {
    meaning: 'No operator has looked at the NodeTask yet.',
    action: 'Check that an operator runs, and that its `agentNamespaces` name the namespace.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** A target's agent cannot be asked: of Reconciling while `spec.target.waitSeconds` lasts, of Stalled and Failed after it. */
export const outOfReach = {
  NoTarget: {
    meaning: 'No pod is there to run the task: wrong name or labels, or the pod does not exist yet.',
    action: 'Check `spec.target` and the pods; it waits for `spec.target.waitSeconds`.',
  },
  NoAgent: {
    meaning: 'A pod is there, but no agent in it can be called: it lacks the label, or has no address yet.',
    action: 'Add the agent and the label `nodetask.dev/agent: enabled` to the pod.',
  },
  PodUnschedulable: {
    meaning: 'The pod is Pending, because no node takes it; the message has the words of the scheduler.',
    action: 'Give the pod a node that fits, or ask for less: resources, affinity, taints, volumes.',
  },
  PodEnded: {
    meaning: 'The pod has ended (evicted, or its containers are over) and is never started again.',
    action: 'Delete the pod, so that its controller makes another; for an evicted one, free what the message names.',
  },
  ImageUnavailable: {
    meaning: 'The image of the agent, or of a container that comes before it, cannot be pulled.',
    action: 'Correct the image (`agent.image` of the chart for an injected agent), its tag, or the pull secret.',
  },
  CrashLooping: {
    meaning: 'The agent, or a container that comes before it, ends again and again, or was killed for its memory.',
    action: 'See its log (`kubectl logs POD -c CONTAINER --previous`); for `OOMKilled`, raise its memory limit.',
  },
  ContainerWaiting: {
    meaning: 'The agent has not started: a Secret or ConfigMap or volume is missing, or an init container comes first.',
    action: 'See the events of the pod (`kubectl describe pod`).',
  },
  AgentUnreachable: {
    meaning: 'The agent of a target cannot be reached; the message has its address, and what was tried.',
    action: 'Check that the agent runs, and that no NetworkPolicy or firewall keeps the operator from its port.',
  },
  AgentUnable: {
    meaning:
      'The agent of a target answers that it cannot work now: its volume is full, it stops, it has too much to do.',
    action: 'Do what the message says; the operator asks again by itself.',
  },
  AgentUntrusted: {
    meaning: "The agent of a target and the operator do not accept each other's certificate or token.",
    action:
      'See [what can go wrong](certificates.md#what-can-go-wrong) with certificates; with tokens, give both the same one.',
  },
} as const satisfies Record<string, ReasonEntry>;

/** On the way: of Reconciling, or of Ready=False where nothing is wrong for good. */
const onTheWay = {
  AgentBusy: {
    meaning: 'The agent of a target works on another task, or others came first; the target gets its turn.',
    action: 'Nothing; `status.blockedBy` names the task in the way, `status.queuePosition` the place in the queue.',
  },
  DependencyAbsent: {
    meaning:
      'There is no NodeTask of a name in spec.dependsOn: it is misspelt, not applied yet, deleted, or gone by its ttlSecondsAfterFinished.',
    action:
      'Apply it, or correct `spec.dependsOn`; it waits for `spec.target.waitSeconds`, and a schedule or daemon goes on by itself after that.',
  },
  AwaitsDependency: {
    meaning: 'A NodeTask that spec.dependsOn names has not completed yet.',
    action: 'Nothing; the message names those that it waits for.',
  },
  Suspended: {
    meaning: 'spec.suspend is true: nothing new is started, and what runs goes on.',
    action: 'Set `spec.suspend` to false to go on, `spec.cancel` to true to end it.',
  },
  WriteRefused: {
    meaning:
      'The API server refuses what the operator writes to the NodeTask; the message has its words. Without its finalizer nothing is started.',
    action:
      'Have the policy, the webhook or the role that the message names allow it; the operator tries again by itself, after 5 min at most.',
  },
  Dispatching: { meaning: 'The task is being handed to its targets.', action: 'Nothing.' },
  Running: { meaning: 'The task runs.', action: 'Nothing.' },
  UploadTooOld: {
    meaning: 'The newest upload is older than params.maxAgeSeconds.',
    action:
      'See the message: it says why nothing newer was uploaded. The schedule goes on, and is Ready after the next upload.',
  },
  CannotReport: {
    meaning: 'An agent has something to report, and does not write it to status.',
    action:
      'Give the service account of the pod the right to report (`agentServiceAccounts` of the chart); see the log of the agent.',
  },
  DaemonStalled: {
    meaning: 'The daemon has failed at each try for 10 minutes.',
    action: 'See the error in the message; the daemon goes on trying.',
  },
  DaemonRestarting: {
    meaning: 'The daemon ended, and its agent starts it again after a pause.',
    action: 'See the error in the message; the pauses grow from 1 s to 5 min.',
  },
  BackingOff: {
    meaning: 'An attempt failed, and the next one waits for its time.',
    action: 'Nothing; the message says when. `spec.cancel` ends it, `spec.retry.limit: 0` lets it fail.',
  },
  StoppingOldRun: {
    meaning: 'Work of an earlier runID, or on a pod that is no longer a target, is being stopped.',
    action: 'Nothing.',
  },
  Cancelling: { meaning: 'The work is being stopped because spec.cancel is true.', action: 'Nothing.' },
  Deleting: {
    meaning: 'The work is being stopped because the NodeTask is being deleted.',
    action: 'Nothing; bounded to 30 s. The annotation `nodetask.dev/force-delete` ends it at once.',
  },
  FinalizersRemain: {
    meaning: 'The NodeTask is being deleted and its work has stopped; finalizers of somebody else hold it.',
    action: 'Find out who set the finalizers that the message names, and why they are not taken off.',
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
  WithWarnings: {
    meaning: 'Every target succeeded, and at least one of them with a warning.',
    action: 'Read the message, and `warnings` in the results of the rows.',
  },
  WithFailures: {
    meaning: 'All targets have ended, and no more failed than spec.strategy.failureThreshold allows.',
    action: 'See the rows of the targets that failed.',
  },
  Scheduled: { meaning: 'The schedule waits for its next run.', action: 'Nothing.' },
  RunActive: { meaning: 'A run of the schedule is going.', action: 'Nothing.' },
  LastRunFailed: {
    meaning: 'The schedule waits for its next run, and the last one failed on a target.',
    action: 'Correct what the message names; the schedule goes on.',
  },
  RunSkipped: {
    meaning: 'The last run of the schedule did nothing, since something that it needs is missing.',
    action: 'See what the message names; the schedule goes on.',
  },
  DaemonRetrying: {
    meaning: 'The daemon fails and tries again, for less than 10 minutes so far.',
    action: 'See the error in the message; the daemon goes on trying.',
  },
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
    action:
      'Correct that one, and give both another `spec.runID` in one step, in any order; a schedule or daemon goes on by itself once that one has succeeded.',
  },
  DependencyCycle: {
    meaning: 'NodeTasks depend on each other in a cycle; the message names them.',
    action: 'Take one of the names out of a `spec.dependsOn`; it goes on by itself.',
  },
  DependsOnEndless: {
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
export const reasonGroups = { unseen, outOfReach, onTheWay, asItShouldBe, stuck, ofTheLastRun } as const;

/**
 * Every reason that a condition of a NodeTask may have, of at most 16 characters (docs/adr/0058). Stable: people write alerts and health
 * checks on them.
 * docs/troubleshooting.md is generated from it.
 */
export const reasons = { ...unseen, ...outOfReach, ...onTheWay, ...asItShouldBe, ...stuck, ...ofTheLastRun } as const;

export type Reason = keyof typeof reasons;
