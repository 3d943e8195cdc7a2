import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type RecordPage, type Store, type TaskRecord, tombstoneLimits } from '../engine/store.ts';
import { finishedLimit } from './limits.ts';
import { unavailable } from './sqlite-errors.ts';

const sql = {
  get: 'SELECT record FROM tasks WHERE id = ?',
  put: `INSERT INTO tasks (id, kind, running, unreported, revision, changed, sequence, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, running = excluded.running, unreported = excluded.unreported,
      changed = iif(excluded.revision > tasks.revision, excluded.changed, tasks.changed), revision = excluded.revision,
      sequence = excluded.sequence, record = excluded.record`,
  delete: 'DELETE FROM tasks WHERE id = ?',
  list: 'SELECT record FROM tasks WHERE sequence < ? ORDER BY sequence DESC LIMIT ?',
  living: 'SELECT record FROM tasks WHERE running = 1 ORDER BY sequence',
  unreported: 'SELECT record FROM tasks WHERE unreported = 1 ORDER BY changed LIMIT ?',
  oldOneShots: `SELECT id FROM (SELECT id, unreported FROM tasks WHERE running = 0 AND kind = 'one-shot'
    ORDER BY sequence DESC LIMIT -1 OFFSET ?) WHERE unreported = 0`,
  tooManyFinished: 'SELECT id FROM tasks WHERE running = 0 ORDER BY sequence DESC LIMIT -1 OFFSET ?',
  bury: 'INSERT OR REPLACE INTO tombstones (id, removed_at) VALUES (?, ?)',
  isBuried: 'SELECT 1 FROM tombstones WHERE id = ?',
  dropMany:
    'DELETE FROM tombstones WHERE rowid IN (SELECT rowid FROM tombstones ORDER BY rowid DESC LIMIT -1 OFFSET ?)',
  hasOld: 'SELECT 1 FROM tombstones WHERE removed_at < ? LIMIT 1',
  dropOld: 'DELETE FROM tombstones WHERE removed_at < ?',
  getValue: 'SELECT value FROM engine_values WHERE key = ?',
  setValue: 'INSERT OR REPLACE INTO engine_values (key, value) VALUES (?, ?)',
  highest: 'SELECT coalesce(max(sequence), 0) AS sequence, coalesce(max(changed), 0) AS changed FROM tasks',
  ping: 'SELECT count(*) FROM meta',
} as const;

/**
 * The journal in a SQLite file; opened by openSqliteStore. Each write is on disk when its method returns (write-ahead log,
 * synchronous FULL).
 */
export class SqliteStore implements Store {
  readonly journalID: string;
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #onError: () => void;
  readonly #statements = new Map<keyof typeof sql, StatementSync>();
  #lastSequence: number;
  #lastChange: number;

  /** @param onError called with each read or write that fails. */
  constructor(database: DatabaseSync, path: string, journalID: string, onError: () => void = () => undefined) {
    this.#onError = onError;
    this.journalID = journalID;
    this.#database = database;
    this.#path = path;
    const highest = this.#read(() => this.#statement('highest').get());
    this.#lastSequence = Number(highest?.['sequence']);
    this.#lastChange = Number(highest?.['changed']);
  }

  get(id: string): TaskRecord | undefined {
    return this.#read(() => this.#statement('get').all(id).map(toRecord)[0]);
  }

  put(record: TaskRecord): void {
    this.#write(() => {
      const { id, kind, revision, sequence } = record;
      this.#statement('put').run(
        id,
        kind,
        record.result.status === 'running' ? 1 : 0,
        record.ref !== undefined && revision > record.reportedRevision ? 1 : 0,
        revision,
        ++this.#lastChange,
        sequence,
        JSON.stringify(record),
      );
      this.#lastSequence = Math.max(this.#lastSequence, sequence);
    });
  }

  remove(id: string, at: Date): boolean {
    return this.transaction(() => this.#write(() => this.#remove(id, at)));
  }

  isTombstoned(id: string): boolean {
    return this.#read(() => this.#statement('isBuried').get(id) !== undefined);
  }

  list(limit: number, before: number = Number.MAX_SAFE_INTEGER): RecordPage {
    // One more than asked for tells whether there is another page.
    const found = this.#read(() =>
      this.#statement('list')
        .all(before, limit + 1)
        .map(toRecord),
    );
    const records = found.slice(0, limit);
    const last = records.at(-1);
    return { records, ...(last !== undefined && found.length > limit ? { next: last.sequence } : {}) };
  }

  living(): readonly TaskRecord[] {
    return this.#read(() => this.#statement('living').all().map(toRecord));
  }

  unreported(limit: number): readonly TaskRecord[] {
    return this.#read(() => this.#statement('unreported').all(limit).map(toRecord));
  }

  evict(keep: number, now: Date): number {
    const ids = this.#read(() => {
      const rows = [
        ...this.#statement('oldOneShots').all(keep),
        ...this.#statement('tooManyFinished').all(finishedLimit(keep)),
      ];
      return new Set(rows.map(({ id }) => String(id)));
    });
    const oldest = now.getTime() - tombstoneLimits.ageMs;
    const someOld = this.#read(() => this.#statement('hasOld').get(oldest) !== undefined);
    if (ids.size === 0 && !someOld) return 0;
    return this.transaction(() =>
      this.#write(() => {
        for (const id of ids) this.#remove(id, now);
        this.#statement('dropOld').run(oldest);
        return ids.size;
      }),
    );
  }

  nextSequence(): number {
    return ++this.#lastSequence;
  }

  getValue(key: string): string | undefined {
    const row = this.#read(() => this.#statement('getValue').get(key));
    return row === undefined ? undefined : String(row['value']);
  }

  setValue(key: string, value: string): void {
    this.#write(() => {
      this.#statement('setValue').run(key, value);
    });
  }

  transaction<T>(work: () => T): T {
    // One inside another is part of it.
    if (this.#database.isOpen && this.#database.isTransaction) return work();
    this.#write(() => {
      this.#database.exec('BEGIN IMMEDIATE');
    });
    try {
      const result = work();
      this.#write(() => {
        this.#database.exec('COMMIT');
      });
      return result;
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  ping(): void {
    this.#read(() => this.#statement('ping').get());
  }

  /** Closing twice does nothing. */
  close(): void {
    if (!this.#database.isOpen) return;
    this.#statements.clear();
    this.#write(() => {
      this.#database.close();
    });
  }

  #remove(id: string, at: Date): boolean {
    this.#statement('bury').run(id, at.getTime());
    this.#statement('dropMany').run(tombstoneLimits.count);
    return Number(this.#statement('delete').run(id).changes) > 0;
  }

  #statement(name: keyof typeof sql): StatementSync {
    const known = this.#statements.get(name);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql[name]);
    this.#statements.set(name, statement);
    return statement;
  }

  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#onError();
      throw unavailable(this.#path, 'be read', error);
    }
  }

  #write<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#onError();
      throw unavailable(this.#path, 'be written', error);
    }
  }
}

const toRecord = (row: Readonly<Record<string, unknown>>): TaskRecord =>
  JSON.parse(String(row['record'])) as TaskRecord;
