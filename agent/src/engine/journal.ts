import type { Logger, TaskResult } from '@nodetask/shared';
import type { PendingReport, ResultChange } from './engine-api.ts';
import { Farewells } from './farewells.ts';
import { revised } from './record-changes.ts';
import { isWorthAWrite } from './stall.ts';
import type { Store, TaskRecord } from './store.ts';
import { taskFields } from './task-fields.ts';
import { resultOf } from './task-result-view.ts';

const readyKey = 'ready';

/** A task that lives, with what is newer than the store: its progress. */
interface Living {
  readonly record: TaskRecord;
  /** The revision that the store has; higher ones are progress, which is not worth a write to disk. */
  readonly durableRevision: number;
  /** `stalledSince` of its progress as the store has it. */
  readonly durableStall: string | undefined;
}

/**
 * The store as the engine sees it: living tasks in memory, changes told to listeners. Commits are durable when they return,
 * and listeners hear of them only when the engine says so, so that locks are free by then.
 */
export class Journal {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #living = new Map<string, Living>();
  readonly #listeners = new Set<(change: ResultChange) => void>();
  readonly #farewells: Farewells;
  #ready: boolean;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    this.#farewells = new Farewells(store, logger);
    this.#ready = store.getValue(readyKey) !== undefined;
    for (const record of store.living()) {
      // Progress of before may have been reported with revisions that the store has not.
      const revision = Math.max(record.revision, record.reportedRevision);
      this.#living.set(record.id, {
        record: { ...record, revision },
        durableRevision: record.revision,
        durableStall: record.result.progress?.stalledSince,
      });
    }
  }

  /** True once mark-ready has been committed, in this process or an earlier one. */
  get ready(): boolean {
    return this.#ready;
  }

  get(id: string): TaskRecord | undefined {
    return this.#living.get(id)?.record ?? this.#store.get(id);
  }

  /** Tasks that have not ended, oldest first. */
  living(): readonly TaskRecord[] {
    return [...this.#living.values()].map(({ record }) => record);
  }

  /** The task as it is now, where it has not ended. */
  livingTask(id: string): TaskRecord | undefined {
    return this.#living.get(id)?.record;
  }

  list(limit: number, before?: number): { readonly records: readonly TaskRecord[]; readonly next?: number } {
    const page = this.#store.list(limit, before);
    return { ...page, records: page.records.map((record) => this.#living.get(record.id)?.record ?? record) };
  }

  nextSequence(): number {
    return this.#store.nextSequence();
  }

  isTombstoned(id: string): boolean {
    return this.#store.isTombstoned(id);
  }

  /** Writes a record; `ready` turns readiness on in the same transaction. */
  commit(record: TaskRecord, options: { readonly ready?: boolean } = {}): void {
    if (options.ready === true) {
      this.#store.transaction(() => {
        this.#store.put(record);
        this.#store.setValue(readyKey, 'true');
      });
      this.#ready = true;
    } else {
      this.#store.put(record);
    }
    this.#remember(record);
  }

  /**
   * Forgets a task and leaves a tombstone. True where there was one.
   * @param last what it came to: its NodeTask is told so where it does not know it.
   */
  remove(id: string, at: Date, last?: TaskRecord): boolean {
    const existed = this.#farewells.remove(id, at, last);
    this.#living.delete(id);
    return existed;
  }

  /** Progress of a living task: shown to callers and reports, and in memory only unless a daemon has stalled or gets on again. */
  progressed(id: string, progress: NonNullable<TaskResult['progress']>): void {
    const living = this.#living.get(id);
    if (living === undefined) return;
    const record = revised(living.record, { result: { ...living.record.result, progress } });
    this.#living.set(id, { ...living, record });
    if (!isWorthAWrite(progress, living.durableStall)) return;
    try {
      this.commit(record);
    } catch (error) {
      this.#logger.warn('progress cannot be journalled; the next one is tried again', { ...taskFields(record), error });
    }
  }

  /** Makes room; a failure is logged, because what had to be written has been. */
  evict(keep: number, now: Date): void {
    try {
      this.#store.evict(keep, now);
    } catch (error) {
      this.#logger.error('old results could not be evicted; the next finished task tries again', { error });
    }
  }

  pendingReports(limit: number): readonly PendingReport[] {
    const durable = this.#store.unreported(limit);
    const listed = new Set(durable.map(({ id }) => id));
    const onlyProgress = this.living().filter(
      ({ id, ref, revision, reportedRevision }) => ref !== undefined && revision > reportedRevision && !listed.has(id),
    );
    const reports = [...durable, ...onlyProgress].flatMap((stored): PendingReport[] => {
      const record = this.#living.get(stored.id)?.record ?? stored;
      const { id, ref, revision, runs, trace } = record;
      return ref === undefined
        ? []
        : [
            {
              id,
              ref,
              revision,
              result: resultOf(record),
              runs,
              urgent: listed.has(id),
              ...(trace === undefined ? {} : { trace }),
            },
          ];
    });
    return [...this.#farewells.reports, ...reports].slice(0, limit);
  }

  markReported(id: string, revision: number): void {
    if (this.#farewells.said(id, revision)) return;
    const living = this.#living.get(id);
    const record = living?.record ?? this.#store.get(id);
    if (record === undefined || revision <= record.reportedRevision) return;
    const reported = { ...record, reportedRevision: Math.min(revision, record.revision) };
    if (living !== undefined && living.durableRevision <= record.reportedRevision) {
      this.#living.set(id, { ...living, record: reported });
      return;
    }
    this.#store.put(reported);
    this.#remember(reported);
  }

  subscribe(listener: (change: ResultChange) => void): () => void {
    // A wrapper of its own, so that the same function can listen twice.
    const own = (change: ResultChange): void => {
      listener(change);
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Tells listeners how a task stands now. */
  announce(id: string): void {
    if (this.#listeners.size === 0) return;
    const record = this.get(id);
    if (record !== undefined) this.#tell(record, false);
  }

  /** Tells listeners that a task was forgotten, and what it came to. */
  announceRemoved(last: TaskRecord): void {
    this.#tell(last, true);
  }

  #remember(record: TaskRecord): void {
    if (record.result.status !== 'running') {
      this.#living.delete(record.id);
      return;
    }
    const durableStall = record.result.progress?.stalledSince;
    this.#living.set(record.id, { record, durableRevision: record.revision, durableStall });
  }

  #tell(record: TaskRecord, removed: boolean): void {
    const change: ResultChange = { id: record.id, result: resultOf(record), removed };
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#logger.error('a listener of the engine threw', { ...taskFields(record), error });
      }
    }
  }
}
