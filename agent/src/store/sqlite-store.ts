import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Logger, TaskError } from '@nodetask/shared';
import { remainsOf } from '../engine/damaged-task.ts';
import { type RecordPage, type Store, type TaskRecord, tombstoneLimits } from '../engine/store.ts';
import { taskFields } from '../engine/task-fields.ts';
import { countText } from './commit-count.ts';
import type { JournalFiles } from './journal-files.ts';
import { finishedLimit } from './limits.ts';
import { unavailable } from './sqlite-errors.ts';
import { checksumOf, type DamagedRow, isDamaged, isRecord, readRow, rowColumns, type StoredRow } from './stored-row.ts';

/** The number of damaged records that are kept, the newest, and the characters of each. */
const keptDamaged = 32;
const keptCharacters = 65_536;

/** Above these, numbers are damaged: none of them is counted to in the life of a journal. */
const mostCounted = 9_007_199_254_700_000;

const sql = {
  get: `SELECT ${rowColumns} FROM tasks WHERE id = ?`,
  put: `INSERT INTO tasks (id, kind, running, unreported, revision, changed, sequence, record, type, ref, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, running = excluded.running, unreported = excluded.unreported,
      changed = iif(excluded.revision > tasks.revision, excluded.changed, tasks.changed), revision = excluded.revision,
      sequence = excluded.sequence, record = excluded.record, type = excluded.type, ref = excluded.ref,
      checksum = excluded.checksum`,
  delete: 'DELETE FROM tasks WHERE id = ?',
  list: `SELECT ${rowColumns} FROM tasks WHERE sequence < ? ORDER BY tasks.sequence DESC LIMIT ?`,
  living: `SELECT ${rowColumns} FROM tasks WHERE running = 1 ORDER BY tasks.sequence`,
  unreported: `SELECT ${rowColumns} FROM tasks WHERE unreported = 1 ORDER BY changed LIMIT ?`,
  keepDamaged: `INSERT INTO damaged (id, found_at, fault, record)
    SELECT id, ?, ?, substr(CAST(record AS TEXT), 1, ${keptCharacters}) FROM tasks WHERE rowid = ?`,
  dropDamaged: `DELETE FROM damaged WHERE rowid IN (SELECT rowid FROM damaged ORDER BY rowid DESC LIMIT -1 OFFSET ${keptDamaged})`,
  deleteRow: 'DELETE FROM tasks WHERE rowid = ?',
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
  highest: `SELECT coalesce(max(sequence) FILTER (WHERE sequence < ${mostCounted}), 0) AS sequence,
    coalesce(max(changed) FILTER (WHERE changed < ${mostCounted}), 0) AS changed FROM tasks`,
  countCommit: "INSERT OR REPLACE INTO meta (key, value) VALUES ('commits', ?)",
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  ping: 'SELECT count(*) FROM meta',
} as const;

export interface OpenJournal {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly journalID: string;
  /** How many times it was written so far. */
  readonly commits: number;
  /** Absent for a journal in memory. */
  readonly files?: JournalFiles;
  readonly logger: Logger;
  readonly now: () => Date;
  /** Called with each read or write that fails. */
  readonly onError: () => void;
  /** Called with each damaged record that is set aside. */
  readonly onDamage: () => void;
  /** Called once, where the files are gone from under the journal: nothing is written from then on. */
  readonly onLost: (error: TaskError) => void;
}

/**
 * The journal in a SQLite file; opened by openSqliteStore. Each write is on disk when its method returns (write-ahead log,
 * synchronous FULL), in the file that is at its path then. A record that is damaged costs its own task: it is set aside where it is read.
 */
export class SqliteStore implements Store {
  readonly journalID: string;
  readonly #options: OpenJournal;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<keyof typeof sql, StatementSync>();
  #lastSequence: number;
  #lastChange: number;
  #commits: number;
  #lost: TaskError | undefined;
  /** Rows that were told of, and that stay where they are because nothing can be written. */
  readonly #toldDamaged = new Set<number>();

  constructor(options: OpenJournal) {
    this.#options = options;
    this.journalID = options.journalID;
    this.#database = options.database;
    this.#commits = options.commits;
    const highest = this.#read(() => this.#statement('highest').get());
    this.#lastSequence = Number(highest?.['sequence']);
    this.#lastChange = Number(highest?.['changed']);
  }

  get(id: string): TaskRecord | undefined {
    return this.#records(() => this.#statement('get').all(id))[0];
  }

  put(record: TaskRecord): void {
    this.transaction(() => {
      this.#put(record);
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
    const found = this.#records(() => this.#statement('list').all(before, limit + 1));
    const records = found.slice(0, limit);
    const last = records.at(-1);
    return { records, ...(last !== undefined && found.length > limit ? { next: last.sequence } : {}) };
  }

  living(): readonly TaskRecord[] {
    return this.#records(() => this.#statement('living').all());
  }

  unreported(limit: number): readonly TaskRecord[] {
    return this.#records(() => this.#statement('unreported').all(limit));
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
    this.transaction(() => {
      this.#write(() => this.#statement('setValue').run(key, value));
    });
  }

  transaction<T>(work: () => T): T {
    // One inside another is part of it.
    if (this.#database.isOpen && this.#database.isTransaction) return work();
    this.#checkFiles();
    this.#write(() => this.#statement('begin').run());
    let result: T;
    try {
      result = work();
      this.#write(() => {
        this.#statement('countCommit').run(countText(this.#commits + 1));
        this.#statement('commit').run();
      });
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#options.files?.committed(++this.#commits);
    // After the commit, so that what is answered as accepted was at the path when it was on the disk.
    this.#checkFiles();
    return result;
  }

  ping(): void {
    this.#read(() => this.#statement('ping').get());
    this.#checkFiles();
  }

  /** Closing twice does nothing. */
  close(): void {
    if (!this.#database.isOpen) return;
    this.#statements.clear();
    try {
      this.#database.close();
    } catch (error) {
      throw this.#unavailable('be written', error);
    } finally {
      this.#options.files?.close();
    }
  }

  #put(record: TaskRecord): void {
    const { id, kind, type, ref, revision, sequence } = record;
    const text = JSON.stringify(record);
    this.#write(() => {
      this.#statement('put').run(
        id,
        kind,
        record.result.status === 'running' ? 1 : 0,
        ref !== undefined && revision > record.reportedRevision ? 1 : 0,
        revision,
        ++this.#lastChange,
        sequence,
        text,
        type,
        ref === undefined ? null : JSON.stringify(ref),
        checksumOf(text),
      );
    });
    this.#lastSequence = Math.max(this.#lastSequence, sequence);
  }

  /** The records that a query finds. Damaged records are set aside, and the query is made again; each time there is one less. */
  #records(select: () => readonly StoredRow[]): readonly TaskRecord[] {
    for (;;) {
      const read = this.#read(select).map(readRow);
      const damaged = read.filter(isDamaged);
      const areAside = damaged.map((row) => this.#setAside(row)).every((isAside) => isAside);
      if (damaged.length === 0 || !areAside) return read.filter(isRecord);
    }
  }

  /** False where it cannot be written; then it stays where it is, and nothing else of the journal suffers. */
  #setAside(row: DamagedRow): boolean {
    const { logger, now, onDamage } = this.#options;
    const { rowid, id, kind, fault } = row;
    const at = now();
    const remains = remainsOf(row, at.toISOString());
    const fields = { ...taskFields(row), kind, fault, becomes: remains.kind };
    try {
      this.transaction(() => {
        this.#write(() => {
          this.#statement('keepDamaged').run(at.getTime(), fault, rowid);
          this.#statement('dropDamaged').run();
          if (remains.kind === 'removed') this.#remove(id, at);
          this.#statement('deleteRow').run(rowid);
        });
        if (remains.kind === 'failed') this.#put(remains.record);
      });
    } catch (error) {
      if (!this.#toldDamaged.has(rowid)) {
        logger.error('a record of the journal is damaged, and cannot be set aside: its task does not go on', {
          ...fields,
          error,
        });
      }
      this.#toldDamaged.add(rowid);
      return false;
    }
    onDamage();
    logger.error(
      'a record of the journal is damaged and was set aside: look on the node at what the task did, and check the disk',
      fields,
    );
    return true;
  }

  /** @throws TaskError `store-unavailable`, always again once the files are lost */
  #checkFiles(): void {
    const lost = this.#read(() => this.#loss());
    if (lost === undefined) return;
    this.#options.onError();
    throw lost;
  }

  /** That the files of the open journal are gone, told once. */
  #loss(): TaskError | undefined {
    const { files, onLost, logger } = this.#options;
    if (this.#lost !== undefined || !this.#database.isOpen) return this.#lost;
    const fault = files?.fault();
    if (fault === undefined) return undefined;
    this.#lost = new TaskError(
      'store-unavailable',
      `the journal is not on the disk any more: ${fault}; the agent ends, and begins again with what is there`,
    );
    logger.error('the journal was taken away from under the agent, which ends and begins again with what is there', {
      fault,
    });
    onLost(this.#lost);
    return this.#lost;
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
      throw this.#unavailable('be read', error);
    }
  }

  #write<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#unavailable('be written', error);
    }
  }

  #unavailable(what: string, error: unknown): TaskError {
    this.#options.onError();
    return this.#lossBehind() ?? unavailable(this.#options.path, what, error);
  }

  /** SQLite fails in its own ways where its files were cut. */
  #lossBehind(): TaskError | undefined {
    try {
      return this.#loss();
    } catch {
      // The path cannot be looked at either: what SQLite said tells more.
      return undefined;
    }
  }
}
