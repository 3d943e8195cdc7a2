import type {
  Async,
  Daemon,
  EngineStatus,
  JsonObject,
  Resume,
  RunRecord,
  Schedule,
  ScheduleUpdate,
  SubmitRequest,
  TaskRef,
  TaskResult,
  TaskStatus,
  TaskType,
} from '@nodetask/shared';

/** What a caller wants to be done. */
export interface Task {
  /** UUID; default: a new one. The same id and request again answer the same id and run nothing twice. */
  readonly id?: string;
  readonly type: TaskType;
  readonly params?: Readonly<Record<string, unknown>>;
  /** The most that one run may take, in seconds. */
  readonly timeoutSeconds?: number;
  /** Stored run + 1, to run a failed one-shot again. */
  readonly run?: number;
  readonly resume?: Resume;
  readonly ref?: TaskRef;
}

/** A request that was accepted. */
export interface Accepted {
  readonly id: string;
  readonly async: Async | undefined;
  /** Of a task that was known before: this request began nothing. */
  readonly known?: TaskStatus | undefined;
}

export interface ResultPage {
  /** Newest first. */
  readonly results: readonly TaskResult[];
  /** Opaque; absent on the last page. */
  readonly next?: string;
}

/** A change of a task's result; `removed` where the task was forgotten. */
export interface ResultChange {
  readonly id: string;
  readonly result?: TaskResult;
  readonly removed: boolean;
}

/** A schedule or daemon that has not ended. */
export interface RecurringTask {
  readonly id: string;
  readonly kind: 'schedule' | 'daemon';
  readonly type: TaskType;
  /** Parsed, with defaults. */
  readonly params: JsonObject;
  /** In RFC 3339. */
  readonly submittedAt: string;
  readonly ref?: TaskRef;
}

/** Something that the NodeTask of a task does not show yet. */
export interface PendingReport {
  readonly id: string;
  readonly ref: TaskRef;
  readonly revision: number;
  readonly result: TaskResult;
  readonly runs: readonly RunRecord[];
  /** False where only progress is new. */
  readonly urgent: boolean;
  /** The traceparent that its request came with. */
  readonly trace?: string;
}

/** The engine as the HTTP server and the reporter see it; implemented by Engine. */
export interface EngineApi {
  submit(task: Task): string;
  submitScheduled(task: Task, schedule: Schedule): string;
  submitDaemon(task: Task, daemon: Daemon): string;
  /**
   * All three by the request's `async`: what POST /v0/tasks calls. Throws TaskError with the codes of the registry.
   * @param trace the traceparent that came with it, handed on to its runs and reports.
   */
  submitRequest(request: SubmitRequest, trace?: string): Accepted;
  updateSchedule(id: string, update: ScheduleUpdate): TaskResult;
  evalSchedules(now?: Date): void;
  getResult(id: string): TaskResult | undefined;
  recentResults(page?: { readonly limit?: number; readonly cursor?: string }): ResultPage;
  /** The `limit` oldest schedules and daemons of these types that have not ended. */
  recurring(types: readonly TaskType[], limit: number): readonly RecurringTask[];
  /** How far the active runs are that know their end, in percent. */
  progress(): readonly { readonly type: string; readonly percent: number }[];
  removeResult(id: string): boolean;
  /** Resolves when nothing of `id` runs any more (at once where nothing does). */
  stopped(id: string): Promise<void>;
  isTombstoned(id: string): boolean;
  status(): EngineStatus;
  healthz(): boolean;
  /** Calls back after every change; returns a function that ends it. */
  subscribe(listener: (change: ResultChange) => void): () => void;
  /** What NodeTasks do not show yet, oldest change first. */
  unreported(limit: number): readonly PendingReport[];
  /** The API server has taken `revision` of the task, or will never take it. */
  markReported(id: string, revision: number): void;
  /** Keeps the highest fence seen, durably; throws TaskError `fenced` for a lower one, `fence-ahead` for one that cannot be right yet. */
  checkFence(fence: number): void;
  readonly journalID: string;
  /** Throws TaskError `store-unavailable` where the journal cannot be read. */
  ping(): void;
}
