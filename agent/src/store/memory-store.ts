import { TaskError } from '@nodetask/shared';
import { type RecordPage, type Store, type TaskRecord, tombstoneLimits } from '../engine/store.ts';
import { finishedLimit } from './limits.ts';

interface Row {
  readonly record: TaskRecord;
  /** Orders unreported rows: raised with each write that raises the revision. */
  readonly changed: number;
}

/** A journal that dies with the process: for tests, and for library users who need none. */
export class MemoryStore implements Store {
  readonly journalID: string = crypto.randomUUID();

  #rows = new Map<string, Row>();
  /** By id, when it was removed; the oldest first. */
  #tombstones = new Map<string, number>();
  #values = new Map<string, string>();
  #lastSequence = 0;
  #lastChange = 0;
  #closed = false;
  readonly #onError: () => void;

  /** @param onError called with each read or write that fails. */
  constructor(onError: () => void = () => undefined) {
    this.#onError = onError;
  }

  get(id: string): TaskRecord | undefined {
    this.ping();
    const row = this.#rows.get(id);
    return row === undefined ? undefined : structuredClone(row.record);
  }

  put(record: TaskRecord): void {
    this.ping();
    const before = this.#rows.get(record.id);
    const raised = before === undefined || record.revision > before.record.revision;
    const changed = raised ? ++this.#lastChange : before.changed;
    this.#rows.set(record.id, { record: structuredClone(record), changed });
    this.#lastSequence = Math.max(this.#lastSequence, record.sequence);
  }

  remove(id: string, at: Date): boolean {
    this.ping();
    this.#bury(id, at);
    return this.#rows.delete(id);
  }

  isTombstoned(id: string): boolean {
    this.ping();
    return this.#tombstones.has(id);
  }

  list(limit: number, before = Infinity): RecordPage {
    const rows = this.#sorted((a, b) => b.sequence - a.sequence).filter(({ sequence }) => sequence < before);
    const records = rows.slice(0, limit).map((record) => structuredClone(record));
    const last = records.at(-1);
    return { records, ...(last !== undefined && rows.length > limit ? { next: last.sequence } : {}) };
  }

  living(): readonly TaskRecord[] {
    return this.#sorted((a, b) => a.sequence - b.sequence)
      .filter(({ result }) => result.status === 'running')
      .map((record) => structuredClone(record));
  }

  unreported(limit: number): readonly TaskRecord[] {
    this.ping();
    return [...this.#rows.values()]
      .filter(({ record }) => isUnreported(record))
      .sort((a, b) => a.changed - b.changed)
      .slice(0, limit)
      .map(({ record }) => structuredClone(record));
  }

  evict(keep: number, now: Date): number {
    const finished = this.#sorted((a, b) => b.sequence - a.sequence).filter(
      ({ result }) => result.status !== 'running',
    );
    const oneShots = finished.filter(({ kind }) => kind === 'one-shot');
    const old = oneShots.slice(keep).filter((record) => !isUnreported(record));
    const tooMany = finished.slice(finishedLimit(keep));
    const gone = new Set([...old, ...tooMany].map(({ id }) => id));
    for (const id of gone) this.remove(id, now);
    for (const [id, at] of this.#tombstones) {
      if (now.getTime() - at > tombstoneLimits.ageMs) this.#tombstones.delete(id);
    }
    return gone.size;
  }

  nextSequence(): number {
    this.ping();
    return ++this.#lastSequence;
  }

  getValue(key: string): string | undefined {
    this.ping();
    return this.#values.get(key);
  }

  setValue(key: string, value: string): void {
    this.ping();
    this.#values.set(key, value);
  }

  transaction<T>(work: () => T): T {
    const rows = new Map(this.#rows);
    const tombstones = new Map(this.#tombstones);
    const values = new Map(this.#values);
    try {
      return work();
    } catch (error) {
      this.#rows = rows;
      this.#tombstones = tombstones;
      this.#values = values;
      throw error;
    }
  }

  ping(): void {
    if (!this.#closed) return;
    this.#onError();
    throw new TaskError('store-unavailable', 'the journal in memory is closed');
  }

  close(): void {
    this.#closed = true;
  }

  #bury(id: string, at: Date): void {
    // Anew at the end: the newest removal counts.
    this.#tombstones.delete(id);
    this.#tombstones.set(id, at.getTime());
    const [oldest] = this.#tombstones.keys();
    if (oldest !== undefined && this.#tombstones.size > tombstoneLimits.count) this.#tombstones.delete(oldest);
  }

  #sorted(order: (a: TaskRecord, b: TaskRecord) => number): TaskRecord[] {
    this.ping();
    return [...this.#rows.values()].map(({ record }) => record).sort(order);
  }
}

const isUnreported = ({ ref, revision, reportedRevision }: TaskRecord): boolean =>
  ref !== undefined && revision > reportedRevision;
