import type {
  JsonObject,
  Logger,
  Outcome,
  OutcomeReasonCode,
  RunNumbers,
  TaskError,
  TaskParams,
  TaskType,
} from '@nodetask/shared';

/** Name of something that only one run may write at a time, for instance `config` (the files under config/). */
export type LockName = string;

/** What a run tells about how far it is; the engine adds percent, rate, ETA and time. */
export interface ProgressUpdate {
  readonly stage: string;
  readonly done: number;
  readonly total?: number;
  readonly unit: string;
  /** Of a daemon: what it waits out before it tries again. The time of the first failure stays until `advanced` is called. */
  readonly failure?: TaskError;
}

/** How a run is going to end if what it is about to do takes effect, and what tells later that it did. */
export interface Pledge {
  readonly report: TaskReport;
  /** For the handler: it comes back as it was given. */
  readonly proof: JsonObject;
}

/** What the engine gives to a run. */
export interface TaskContext<Params> {
  /** Id of the task. */
  readonly id: string;
  /** A daemon runs until it is stopped; the others end when their work is done. */
  readonly kind: 'one-shot' | 'schedule' | 'daemon';
  readonly params: Params;
  /** Number of this run, from 1. */
  readonly run: number;
  /** When the task was accepted, in RFC 3339. */
  readonly submittedAt: string;
  /** The end of the process interrupted this very run before. */
  readonly resumed?: true;
  /** The traceparent that the task's request came with. */
  readonly trace?: string;
  /** Aborts on cancel, removal, timeout and shutdown; its reason says which. Honour it at once. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  progress(update: ProgressUpdate): void;
  /** A daemon has got on: the next progress tells of no failure any more. */
  advanced(): void;
  /**
   * Journals how the run ends, just before what it cannot take back: if the process ends between that and the end of the run, `finish` of the
   * handler says whether it came to it. A later pledge takes the place of an earlier one. Throws the signal's reason if that has aborted, and
   * TaskError `store-unavailable`: then do not go on.
   */
  pledge(pledge: Pledge): void;
  /** The last pledge of this very run before the end of the process interrupted it. */
  readonly pledged?: Pledge;
  /**
   * Runs `work` while holding locks; for daemons, which hold none of their own. Rejects with BusyError where one is held.
   */
  withLocks<T>(locks: readonly LockName[], work: () => Promise<T>): Promise<T>;
}

/** What a run that ended well reports. */
export interface TaskReport {
  readonly outcome: Outcome;
  /** Why nothing was changed. */
  readonly reason?: OutcomeReasonCode;
  /** What was done, or why nothing was, in words, with numbers and what to do; the engine cuts it to `maxMessageCharacters`. */
  readonly message?: string;
  /** The same in numbers, kept of the last runs of a schedule. */
  readonly numbers?: RunNumbers;
  readonly output?: JsonObject;
  /** Reasons for doubt about a run that succeeded, for people; the engine keeps the first `maxWarnings`, each cut to `maxWarningCharacters`. */
  readonly warnings?: readonly string[];
}

/** A report that says in words what the run came to. Only a pledge of an earlier version may lack them. */
export type ToldReport = TaskReport & Required<Pick<TaskReport, 'message'>>;

/** Does the work of one task type. Idempotent: after a crash the same run may happen again and must lead to the same end. */
export interface TaskHandler<Params = unknown> {
  /** What to do with a one-shot that the end of the process interrupted: run it again at the next start, or end it as failed-retriable. */
  readonly interrupted: 'run-again' | 'fail';
  /**
   * The task may also run for ever, as a daemon: it takes its locks by `withLocks` for each write, or writes nothing. Default: false, since
   * a daemon would write beside the tasks that its locks are there to keep away.
   */
  readonly daemon?: boolean;
  /** Locks that a run holds from start to end. A daemon holds none: it takes them for each write, by `withLocks`. */
  locks(params: Params): readonly LockName[];
  /** Refuses params that cannot be right here, before the task is journalled; throws TaskError. The schema has been checked. */
  check?(params: Params): void;
  run(context: TaskContext<Params>): Promise<ToldReport>;
  /**
   * Sees whether what an interrupted run pledged took effect, and completes what belongs to it; answers how the run ended, undefined if it
   * has to run again. It is asked before that, also when the time of the run is over; its signal aborts when the agent stops.
   */
  finish?(context: TaskContext<Params>, pledge: Pledge): Promise<TaskReport | undefined>;
}

/** Handlers by task type; a type without one is unknown to the engine. */
export type TaskHandlers = { readonly [T in TaskType]?: TaskHandler<TaskParams[T]> };
