import type { ReasonEntry } from './reasons.ts';

/** Every reason of an event about a NodeTask: what has happened, and what to do. docs/troubleshooting.md is generated from it. */
export const eventReasons = {
  Dispatched: { meaning: 'Targets have taken the task.', action: 'Nothing.' },
  Completed: {
    meaning: 'Every target succeeded, or no more failed than `spec.strategy.failureThreshold` allows.',
    action: 'Nothing; of type Warning: see the rows of the targets that failed.',
  },
  Failed: {
    meaning: 'It ended as Failed, is paused by its strategy, cannot go on, or a run of a schedule failed.',
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
  FieldIgnored: {
    meaning: 'A field of the spec has no effect on such a task.',
    action: 'Remove the field, or change what it does not go with.',
  },
  AgentUnreachable: {
    meaning: 'An agent cannot be called, or did not confirm that it stopped.',
    action:
      'Check that the pod and its agent run, and that the operator may reach its port. What could not be stopped goes on until the agent hears of it.',
  },
} as const satisfies Record<string, ReasonEntry>;

export type EventReason = keyof typeof eventReasons;
