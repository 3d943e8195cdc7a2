// Counts, inside the agent's journal itself, how often a task became completed or failed: a trigger writes in the very transaction of the
// commit, so no kill can separate the two. Installed and read while the agent does not run, because it holds its journal exclusively.
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

const ended = (row: string): string => `json_extract(${row}.record, '$.result.status') IN ('completed', 'failed')`;

const triggers = `
  CREATE TABLE IF NOT EXISTS chaos_ends (task TEXT NOT NULL, status TEXT NOT NULL, error_code TEXT);
  CREATE TRIGGER IF NOT EXISTS chaos_end_after_update AFTER UPDATE ON tasks
    WHEN ${ended('NEW')} AND NOT ${ended('OLD')} BEGIN
      INSERT INTO chaos_ends VALUES (
        NEW.id, json_extract(NEW.record, '$.result.status'), json_extract(NEW.record, '$.result.errorCode')
      );
    END;
  CREATE TRIGGER IF NOT EXISTS chaos_end_after_insert AFTER INSERT ON tasks
    WHEN ${ended('NEW')} BEGIN
      INSERT INTO chaos_ends VALUES (
        NEW.id, json_extract(NEW.record, '$.result.status'), json_extract(NEW.record, '$.result.errorCode')
      );
    END;
`;

export interface JournalledEnd {
  readonly task: string;
  readonly status: string;
  readonly errorCode: string | null;
}

const journal = (home: string): DatabaseSync => new DatabaseSync(join(home, '.nodetask', 'journal.sqlite'));

export const installAudit = (home: string): void => {
  using database = journal(home);
  database.exec(triggers);
};

/** Every end that was journalled, oldest first. */
export const readAudit = (home: string): readonly JournalledEnd[] => {
  using database = journal(home);
  return database
    .prepare('SELECT task, status, error_code FROM chaos_ends ORDER BY rowid')
    .all()
    .map((row) => ({
      task: String(row['task']),
      status: String(row['status']),
      errorCode: row['error_code'] === null ? null : String(row['error_code']),
    }));
};
