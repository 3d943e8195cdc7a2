import type { DatabaseSync } from 'node:sqlite';
import { TaskError } from '@nodetask/shared';

/** "NTSK": tells a journal from any other SQLite file. */
export const applicationID = 0x4e54534b;

/**
 * Each step leads from the version of its index to the next. Steps are never changed once released, only added.
 *
 * tasks.record is the whole TaskRecord as JSON; the other columns are what queries need of it. `changed` orders unreported
 * rows: it is raised with each write that raises the revision.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE engine_values (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('one-shot', 'schedule', 'daemon')),
    running INTEGER NOT NULL CHECK (running IN (0, 1)),
    unreported INTEGER NOT NULL CHECK (unreported IN (0, 1)),
    revision INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX tasks_by_sequence ON tasks (sequence);
  CREATE INDEX tasks_running ON tasks (sequence) WHERE running = 1;
  CREATE INDEX tasks_finished ON tasks (kind, sequence) WHERE running = 0;
  CREATE INDEX tasks_unreported ON tasks (changed) WHERE unreported = 1;
  -- The rowid orders removals.
  CREATE TABLE tombstones (id TEXT PRIMARY KEY, removed_at INTEGER NOT NULL) STRICT;
  `,
];

/**
 * An addition that older agents can live with is no step of the version: they refuse a version above their own, and a pod that is rolled back to one would not
 * start any more. Each of these is done at each opening, and doing it again does nothing.
 *
 * tasks.type and tasks.ref tell of a task whose record is damaged, tasks.checksum that it is. An older agent writes none of the three: the
 * trigger takes away a checksum that is of the text before. `damaged` keeps what was set aside.
 */
const columns: readonly string[] = ['type TEXT', 'ref TEXT', 'checksum INTEGER'];
const additions = `
  CREATE TABLE IF NOT EXISTS damaged (
    id TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    fault TEXT NOT NULL,
    record TEXT
  ) STRICT;
  CREATE TRIGGER IF NOT EXISTS tasks_of_older_agent AFTER UPDATE OF record ON tasks
    WHEN NEW.checksum IS OLD.checksum AND NEW.record IS NOT OLD.record
    BEGIN UPDATE tasks SET checksum = NULL WHERE rowid = NEW.rowid; END;
  UPDATE tasks SET type = json_extract(record, '$.type'), ref = json_extract(record, '$.ref')
    WHERE type IS NULL AND json_valid(record) AND json_type(record, '$.type') = 'text';
`;

export const schemaVersion = migrations.length;

/**
 * Brings a journal to the version of this agent, each step in a transaction of its own. Doing it twice does nothing.
 * @throws TaskError `store-unavailable` for a journal that a newer agent has written.
 */
export const migrate = (database: DatabaseSync, path: string): void => {
  const version = versionOf(database);
  if (version > schemaVersion) {
    throw new TaskError(
      'store-unavailable',
      `the journal ${path} has schema version ${version}, but this agent knows versions up to ${schemaVersion}; run a newer agent, or move the file away to begin a new journal`,
      { retriable: false },
    );
  }
  for (const [from, step] of migrations.entries()) {
    if (from < version) continue;
    inTransaction(database, () => {
      database.exec(step);
      database.exec(`PRAGMA application_id = ${applicationID}`);
      database.exec(`PRAGMA user_version = ${from + 1}`);
    });
  }
  inTransaction(database, () => {
    const known = new Set(
      database
        .prepare("SELECT name FROM pragma_table_info('tasks')")
        .all()
        .map(({ name }) => name),
    );
    for (const column of columns) {
      if (!known.has(column.split(' ')[0] ?? '')) database.exec(`ALTER TABLE tasks ADD COLUMN ${column}`);
    }
    database.exec(additions);
  });
};

const inTransaction = (database: DatabaseSync, work: () => void): void => {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
