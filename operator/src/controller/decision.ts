import type { NodeTaskStatus, TargetStatus } from '@nodetask/shared';
import type { EventReason } from './event-reasons.ts';
import type { Reason } from './reasons.ts';
import type { AgentCall } from './task-memory.ts';

/** The operator's part of a row: everything but the agent's `result` and `runs`. */
export type OwnedTarget = Omit<TargetStatus, 'result' | 'runs'>;

/** The operator's part of status: always applied as a whole. The fence is added when it is written. */
export interface OwnedStatus extends Omit<NodeTaskStatus, 'targets' | 'fence'> {
  readonly targets?: OwnedTarget[] | undefined;
}

/** Something for `kubectl describe`. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason;
  /** What was done, as in EventRecord. */
  readonly action: string;
  /** A sentence, and what to do. */
  readonly note: string;
}

/** What is to be done about a NodeTask. Doing it twice does no harm. */
export interface Decision {
  /** `add` comes before the calls and, where there are none, after the status; `remove` after everything else. */
  readonly finalizer?: 'add' | 'remove';
  /** When there are any, decide is asked again with their answers before anything else is done. */
  readonly calls: readonly AgentCall[];
  /** Absent: status says it all already. */
  readonly status?: OwnedStatus;
  /** Pods whose rows are taken off status, with whatever is in them and whoever wrote it. */
  readonly dropRows: readonly string[];
  /** After the status write. */
  readonly events: readonly EventNote[];
  /** The NodeTask has outlived its use: it is deleted, after everything else. */
  readonly delete?: true;
  readonly requeueAfterMs?: number;
}

/** Kinds of situation by what the conditions say; see summary/conditions.ts. */
export const standings = [
  'progressing',
  'ready',
  'complete',
  'failed',
  'cancelled',
  'stalled',
  'suspended',
  'dormant',
] as const;
export type Standing = (typeof standings)[number];

/** Where a NodeTask is, in short: phase and conditions follow from it. */
export interface Situation {
  readonly standing: Standing;
  readonly phase: NonNullable<NodeTaskStatus['phase']>;
  readonly reason: Reason;
  readonly message: string;
  /** Of a schedule that has run. */
  readonly lastRun?: LastRun;
}

export interface LastRun {
  readonly reason: 'RunSucceeded' | 'RunSkipped' | 'RunFailed' | 'RunMissed';
  readonly message: string;
}
