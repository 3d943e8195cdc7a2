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
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(step);
      database.exec(`PRAGMA application_id = ${applicationID}`);
      database.exec(`PRAGMA user_version = ${from + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
};

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
