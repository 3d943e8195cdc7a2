import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Logger, silentLogger, TaskError } from '@nodetask/shared';
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
}

/**
 * Opens the journal, or begins a new one where there is none.
 *
 * - One process at a time: the file stays locked until it is closed or the process ends, however it ends.
 * - A journal of another pod (a cloned volume) is set aside: its tasks are none of this pod's.
 * - A damaged file is set aside too, with an error in the log: callers see a new journal id and dispatch again what had not ended.
 *   An agent that refused to start would need a hand on the volume.
 *
 * @throws TaskError `store-unavailable`: another process has the file, a newer agent has written it, or the disk fails.
 */
export const openSqliteStore = (options: SqliteStoreOptions): SqliteStore => {
  const { path, logger = silentLogger, now = () => new Date() } = options;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const first = open(options);
    if (first instanceof SqliteStore) return first;
    const aside = setAside(path, first.reason, now());
    logger.error('the journal was set aside and a new one begins: tasks and readiness are forgotten', {
      path,
      setAside: aside,
      reason: first.reason,
      detail: first.detail,
    });
    const second = open(options);
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

const open = ({ path, owner, busyTimeoutMs = 5000, onError }: SqliteStoreOptions): SqliteStore | Unusable => {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  let store: SqliteStore | undefined;
  try {
    // Exclusive before the first access: the lock is taken by it and kept.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA journal_size_limit = 4194304');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    const unusable = damage(database) ?? foreignFile(database);
    if (unusable !== undefined) return unusable;
    migrate(database, path);
    const identity = identify(database, owner);
    if (typeof identity !== 'string') return identity;
    store = new SqliteStore(database, path, identity, onError);
    return store;
  } catch (error) {
    if (isCorrupt(error)) return { reason: 'corrupt', detail: error instanceof Error ? error.message : String(error) };
    throw error;
  } finally {
    if (store === undefined) database.close();
  }
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

/** The journal's id, after it has been bound to its owner where it is new. */
const identify = (database: DatabaseSync, { namespace, podName }: JournalOwner): string | Unusable => {
  const rows = database.prepare('SELECT key, value FROM meta').all();
  const meta = new Map(rows.map(({ key, value }) => [String(key), String(value)]));
  const known = meta.get('journalID');
  if (known === undefined) {
    const journalID = crypto.randomUUID();
    const insert = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?), (?, ?), (?, ?)');
    insert.run('journalID', journalID, 'namespace', namespace, 'podName', podName);
    return journalID;
  }
  if (meta.get('namespace') === namespace && meta.get('podName') === podName) return known;
  const detail = `it belongs to pod ${meta.get('namespace')}/${meta.get('podName')}, this is ${namespace}/${podName}`;
  return { reason: 'foreign', detail };
};
