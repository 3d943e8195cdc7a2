// Counts, inside the agent's journal itself, how often a task became completed or failed: a trigger writes in the very transaction of the
// commit, so no kill can separate the two. Installed and read while the agent does not run, because it holds its journal exclusively.
import { copyFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { makeTempFolder } from '../../src/temp-folder.ts';

const status = (row: string): string => `json_extract(${row}.record, '$.result.status')`;
const ended = (what: string): string => `coalesce(${what}, '') IN ('completed', 'failed')`;
const lastRun = (row: string, member: string): string => `json_extract(${row}.record, '$.runs[0].${member}')`;
const note = (run: string, end: string): string =>
  `INSERT INTO chaos_ends VALUES (NEW.id, ${run}, ${end}, json_extract(NEW.record, '$.result.errorCode'));`;

const triggers = `
  CREATE TABLE IF NOT EXISTS chaos_ends (task TEXT NOT NULL, run INTEGER NOT NULL, status TEXT NOT NULL, error_code TEXT);
  CREATE TRIGGER IF NOT EXISTS chaos_end_of_update AFTER UPDATE ON tasks
    WHEN NEW.kind <> 'schedule' AND ${ended(status('NEW'))} AND NOT ${ended(status('OLD'))}
    BEGIN ${note('1', status('NEW'))} END;
  CREATE TRIGGER IF NOT EXISTS chaos_end_of_insert AFTER INSERT ON tasks
    WHEN NEW.kind <> 'schedule' AND ${ended(status('NEW'))}
    BEGIN ${note('1', status('NEW'))} END;
  CREATE TRIGGER IF NOT EXISTS chaos_end_of_run AFTER UPDATE ON tasks
    WHEN NEW.kind = 'schedule' AND ${ended(lastRun('NEW', 'status'))}
      AND (${lastRun('OLD', 'run')} IS NOT ${lastRun('NEW', 'run')} OR NOT ${ended(lastRun('OLD', 'status'))})
    BEGIN ${note(lastRun('NEW', 'run'), lastRun('NEW', 'status'))} END;
`;

export interface JournalledEnd {
  readonly task: string;
  /** Firing of a schedule; else 1. */
  readonly run: number;
  readonly status: string;
  readonly errorCode: string | null;
}

const journalPath = (home: string): string => join(home, '.nodetask', 'journal.sqlite');

const journal = (home: string): DatabaseSync => new DatabaseSync(journalPath(home));

/**
 * Ids of the tasks whose run a kill has interrupted. From a copy: to open the journal itself would clean up what the kill has left, and that is for
 * the next start of the agent to do.
 */
export const interruptedTasks = async (home: string): Promise<readonly string[]> => {
  await using copy = await makeTempFolder(loadConfig().tempRoot, 'killed-journal');
  for (const file of ['', '-wal']) await copyFile(journalPath(home) + file, join(copy.path, `journal${file}`));
  using database = new DatabaseSync(join(copy.path, 'journal'));
  const rows = database.prepare("SELECT id FROM tasks WHERE json_extract(record, '$.active') = 1").all();
  return rows.map(({ id }) => String(id));
};

export const installAudit = (home: string): void => {
  using database = journal(home);
  database.exec(triggers);
};

/** Every end that was journalled, oldest first. */
export const readAudit = (home: string): readonly JournalledEnd[] => {
  using database = journal(home);
  return database
    .prepare('SELECT task, run, status, error_code FROM chaos_ends ORDER BY rowid')
    .all()
    .map((row) => ({
      task: String(row['task']),
      run: Number(row['run']),
      status: String(row['status']),
      errorCode: row['error_code'] === null ? null : String(row['error_code']),
    }));
};
