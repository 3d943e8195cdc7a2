import type { Async, JsonObject, Resume, RunRecord, TaskRef, TaskResult, TaskType } from '@nodetask/shared';
import type { Pledge } from './task-handler.ts';

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
  /** Where its submitter's trace of it stands, as W3C's traceparent: says nothing to the engine, and is handed on. */
  readonly trace?: string;
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
  /** The end of the process interrupted the active run, and it was taken up again. */
  readonly resumed?: true;
  /** How the active run ends if what it was about to do took effect. */
  readonly pledge?: Pledge;
  /** How often the process crashed while the active run went on. */
  readonly crashes?: number;
  /** It stands for a record that could not be read: what the task was and what became of it is not known. */
  readonly damaged?: true;
  /** Raised with every change that a NodeTask should show. */
  readonly revision: number;
  /** The revision that the API server has taken. */
  readonly reportedRevision: number;
  /** Orders the list: the later submitted, the higher. */
  readonly sequence: number;
}

/** How long a removed id is remembered, and how many are. */
export const tombstoneLimits = { ageMs: 30 * 24 * 60 * 60_000, count: 10_000 } as const;

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
  /** Deletes a record where there is one, and leaves a tombstone in any case. True where there was one. */
  remove(id: string, at: Date): boolean;
  isTombstoned(id: string): boolean;
  /** Records with sequence < `before`, newest first. */
  list(limit: number, before?: number): RecordPage;
  /** Records with status `running`, oldest first: active one-shots, schedules and daemons that have not ended. */
  living(): readonly TaskRecord[];
  /** Records with a ref whose reportedRevision is behind revision, oldest change first. */
  unreported(limit: number): readonly TaskRecord[];
  /**
   * Forgets finished one-shots beyond the newest `keep`, but for those with a ref whose result is not reported yet. Beyond
   * ten times `keep` (and 100) finished records of any kind, the oldest go in any case. What goes leaves a tombstone, so that it never
   * runs again. Tombstones that are too old (30 days) or too many (10,000) go too. Returns how many records went.
   */
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
