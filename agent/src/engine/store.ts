import type { Async, JsonObject, Resume, RunRecord, TaskRef, TaskResult, TaskType } from '@nodetask/shared';

/**
 * One task in the journal: everything that must survive the process. Plain JSON; times in RFC 3339.
 */
export interface TaskRecord {
  readonly id: string;
  readonly kind: 'one-shot' | 'schedule' | 'daemon';
  readonly type: TaskType;
  /** Parsed, with defaults. */
  readonly params: JsonObject;
  readonly async?: Async;
  readonly timeoutSeconds?: number;
  readonly resume?: Resume;
  readonly ref?: TaskRef;
  /** Canonical text of the request, to tell the same request from another one under the same id. */
  readonly fingerprint: string;
  /** What callers see, without params and async (those are above). */
  readonly result: TaskResult;
  /** True from the moment a run starts until its end is committed; a record found so at the start was interrupted. */
  readonly active: boolean;
  /** When the active or last run started. */
  readonly runStartedAt?: string;
  /** Last runs of a schedule, newest first. */
  readonly runs: readonly RunRecord[];
  /** Schedule by height: it has fired. */
  readonly fired?: boolean;
  /** Missed firings since the schedule was accepted. */
  readonly missedRuns?: number;
  /** Raised with every change that a NodeTask should show. */
  readonly revision: number;
  /** The revision that the API server has taken. */
  readonly reportedRevision: number;
  /** Orders the list: the later submitted, the higher. */
  readonly sequence: number;
}

/** A page of records, newest first. */
export interface RecordPage {
  readonly records: readonly TaskRecord[];
  /** Where the next page begins; absent on the last. */
  readonly next?: number;
}

/**
 * The journal. Synchronous, because SQLite is; every method is atomic and durable when it returns. A failure throws
 * TaskError `store-unavailable`.
 */
export interface Store {
  /** A UUID that lives and dies with the store. */
  readonly journalID: string;
  get(id: string): TaskRecord | undefined;
  /** Inserts or replaces. */
  put(record: TaskRecord): void;
  /** Deletes a record where there is one, and leaves a tombstone. True where there was one. */
  remove(id: string, at: Date): boolean;
  isTombstoned(id: string): boolean;
  /** Records with sequence < `before`, newest first. */
  list(limit: number, before?: number): RecordPage;
  /** Schedules, daemons and active one-shots: what the engine keeps in memory. */
  living(): readonly TaskRecord[];
  /** Records with a ref whose reportedRevision is behind revision, oldest change first. */
  unreported(limit: number): readonly TaskRecord[];
  /** Forgets finished one-shots beyond the newest `keep` whose result is reported (or has no ref), and tombstones that are too old or too many. Returns how many records went. */
  evict(keep: number, now: Date): number;
  nextSequence(): number;
  /** Small durable values: ready, fence. */
  getValue(key: string): string | undefined;
  setValue(key: string, value: string): void;
  /** Runs `work` as one transaction. */
  transaction<T>(work: () => T): T;
  /** Throws where the store cannot be read. */
  ping(): void;
  close(): void;
}
