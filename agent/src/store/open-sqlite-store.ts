import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, silentLogger, TaskError } from '@nodetask/shared';
import * as z from 'zod';
import { readCount } from './commit-count.ts';
import { JournalFiles, walSizeLimit } from './journal-files.ts';
import { type Mark, readMark } from './journal-mark.ts';
import type { JournalOwner } from './journal-owner.ts';
import { type AsideReason, setAside } from './set-aside.ts';
import { isBusy, isCorrupt, unavailable } from './sqlite-errors.ts';
import { applicationID, migrate } from './sqlite-schema.ts';
import { SqliteStore } from './sqlite-store.ts';

export interface SqliteStoreOptions {
  /** The file; its folder is made. Not inside of what a restore or reset clears. On block storage: WAL is unsafe on NFS. */
  readonly path: string;
  readonly owner: JournalOwner;
  readonly logger?: Logger;
  /** How long to wait for a former agent to let go of the file. Default: 5000. */
  readonly busyTimeoutMs?: number;
  readonly now?: () => Date;
  /** Called with each read or write of the open journal that fails. */
  readonly onError?: () => void;
  /** Called with each damaged record that is set aside, and where a journal is damaged or gone. */
  readonly onDamage?: (what: 'record' | 'journal') => void;
  /** Called once, where the open journal is deleted, replaced or cut: nothing is written from then on, and the process is to end. */
  readonly onLost?: (error: TaskError) => void;
}

/**
 * Opens the journal, or begins a new one where there is none.
 *
 * - One process at a time: the file stays locked until it is closed or the process ends, however it ends.
 * - A journal of another pod (a cloned volume) is set aside: its tasks are none of this pod's.
 * - A damaged file is set aside too, with an error in the log: callers see a new journal id and dispatch again what had not ended.
 *   An agent that refused to start would need a hand on the volume.
 * - A journal that is missing, empty, or older than it was when it was last written is told of in the same way (see MarkWriter).
 *
 * @throws TaskError `store-unavailable`: another process has the file, a newer agent has written it, or the disk fails.
 */
export const openSqliteStore = (options: SqliteStoreOptions): SqliteStore => {
  const { path, logger = silentLogger, now = () => new Date(), onDamage } = options;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const mark = path === inMemory ? undefined : readMark(path);
    const first = emptied(path, mark) ?? open(options, mark);
    if (first instanceof SqliteStore) return first;
    const aside = setAside(path, first.reason, now());
    if (first.reason !== 'foreign') onDamage?.('journal');
    logger.error('the journal was set aside and a new one begins: tasks and readiness are forgotten', {
      path,
      setAside: aside,
      reason: first.reason,
      detail: first.detail,
    });
    const second = open(options, undefined);
    if (second instanceof SqliteStore) return second;
    throw new TaskError('store-unavailable', `the new journal ${path} is unusable too: ${second.detail}`);
  } catch (error) {
    if (error instanceof TaskError) throw error;
    if (isBusy(error)) {
      throw new TaskError(
        'store-unavailable',
        `the journal ${path} is in use by another process; stop the other agent`,
        { cause: error },
      );
    }
    throw unavailable(path, 'be opened', error);
  }
};

/** A file that cannot be this agent's journal. */
interface Unusable {
  readonly reason: AsideReason;
  readonly detail: string;
}

/** SQLite's name for a database without a file. */
const inMemory = ':memory:';

/** A journal that was there, and is missing or has no bytes: SQLite would begin a new one without a word, and remove the log beside it. */
const emptied = (path: string, mark: Mark | undefined): Unusable | undefined => {
  if (mark === undefined) return undefined;
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size > 0) return undefined;
  const what = size === undefined ? 'is not there any more' : 'has no bytes any more';
  return { reason: 'corrupt', detail: `the journal ${mark.journalID} ${what}` };
};

const open = (options: SqliteStoreOptions, mark: Mark | undefined): SqliteStore | Unusable => {
  const { path, owner, busyTimeoutMs = 5000, logger = silentLogger, now = () => new Date() } = options;
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  let store: SqliteStore | undefined;
  try {
    // Exclusive before the first access: the lock is taken by it and kept.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec(`PRAGMA journal_size_limit = ${walSizeLimit}`);
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    const unusable = damage(database) ?? foreignFile(database);
    if (unusable !== undefined) return unusable;
    migrate(database, path);
    const identity = identify(database, owner, logger);
    if ('reason' in identity) return identity;
    const { journalID } = identity;
    const isMarked = mark?.journalID === journalID;
    const commits = identity.commits ?? (isMarked ? mark.commits : 0);
    if (isMarked && commits < mark.commits) return rolledBack(commits, mark);
    if (mark !== undefined && !isMarked) tellReplaced(options, journalID, mark);
    const files =
      path === inMemory
        ? {}
        : {
            files: new JournalFiles(path, { journalID, commits }, (error) => {
              logger.error('the mark beside the journal cannot be written: a loss of the journal may go unnoticed', {
                error,
              });
            }),
          };
    store = new SqliteStore({
      database,
      path,
      journalID,
      commits,
      ...files,
      logger,
      now,
      onError: options.onError ?? nothing,
      onDamage: () => options.onDamage?.('record'),
      onLost: options.onLost ?? nothing,
    });
    return store;
  } catch (error) {
    if (isCorrupt(error)) return { reason: 'corrupt', detail: error instanceof Error ? error.message : String(error) };
    throw error;
  } finally {
    if (store === undefined) database.close();
  }
};

const nothing = (): void => undefined;

/**
 * Part of what was committed is gone: the write-ahead log was lost or damaged, or an older copy of the file was put in its place. Such a journal would fire a
 * height again that has fired, and run what was removed.
 */
const rolledBack = (commits: number, mark: Mark): Unusable => ({
  reason: 'stale',
  detail: `the journal ${mark.journalID} was written ${mark.commits} times, and has ${commits} of them: its newest part is gone`,
});

const tellReplaced = (
  { path, logger = silentLogger, onDamage }: SqliteStoreOptions,
  journal: string,
  mark: Mark,
): void => {
  onDamage?.('journal');
  logger.error('another journal is in the place of the last one: what is not in it is forgotten', {
    path,
    journal,
    former: mark.journalID,
  });
};

const damage = (database: DatabaseSync): Unusable | undefined => {
  const answer = String(Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0]);
  return answer === 'ok' ? undefined : { reason: 'corrupt', detail: answer };
};

/** A SQLite file of another program. */
const foreignFile = (database: DatabaseSync): Unusable | undefined => {
  const id = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
  const tables = Number(database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']);
  if (tables === 0 || id === applicationID) return undefined;
  return { reason: 'foreign', detail: `application_id is ${id}, that of a journal is ${applicationID}` };
};

/** The identity of a journal; `commits` is absent if an older agent made it, or if that value is damaged. */
interface Found {
  readonly journalID: string;
  readonly commits: number | undefined;
}

/**
 * Id and writes of the journal, after it has been bound to its owner where it is new. A value of its own that is damaged is made anew: what it
 * says of tasks does not depend on it.
 */
const identify = (database: DatabaseSync, { namespace, podName }: JournalOwner, logger: Logger): Found | Unusable => {
  const rows = database.prepare('SELECT key, value FROM meta').all();
  const meta = new Map(rows.map(({ key, value }) => [String(key), String(value)]));
  const known = { namespace, podName, journalID: crypto.randomUUID(), ...Object.fromEntries(meta) };
  if (known.namespace !== namespace || known.podName !== podName) {
    const detail = `it belongs to pod ${known.namespace}/${known.podName}, this is ${namespace}/${podName}`;
    return { reason: 'foreign', detail };
  }
  const journalID = z.uuid().safeParse(known.journalID).success ? known.journalID : crypto.randomUUID();
  const right = { journalID, namespace, podName };
  if (Object.entries(right).some(([key, value]) => meta.get(key) !== value)) {
    if (meta.size > 0) logger.error('the name of the journal was damaged and is written anew', { journal: journalID });
    const insert = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?), (?, ?), (?, ?)');
    insert.run(...Object.entries(right).flat());
  }
  return { journalID, commits: readCount(meta.get('commits')) };
};
