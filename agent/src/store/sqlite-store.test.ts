import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Logger, silentLogger, TaskError } from '@nodetask/shared';
import { openSqliteStore } from './open-sqlite-store.ts';
import { migrate, schemaVersion } from './sqlite-schema.ts';
import type { SqliteStore } from './sqlite-store.ts';
import { storeContract } from '../../test/support/store/store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'nodetask-store-'));
const opened: SqliteStore[] = [];
after(() => {
  for (const store of opened) store.close();
  rmSync(folder, { recursive: true });
});

let count = 0;
const freshPath = (): string => join(folder, `${++count}`, 'journal.db');
const owner = { namespace: 'sei', podName: 'sei-rpc-0' };

const open = (path: string, options: Partial<Parameters<typeof openSqliteStore>[0]> = {}): SqliteStore => {
  const store = openSqliteStore({ path, owner, busyTimeoutMs: 50, ...options });
  opened.push(store);
  return store;
};

const isUnavailable =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof TaskError && error.code === 'store-unavailable' && pattern.test(error.message);

/** Keeps what is logged as an error. */
const errorLogger = (): Logger & { readonly errors: unknown[] } => {
  const errors: unknown[] = [];
  return { ...silentLogger, errors, error: (_message, fields) => errors.push(fields) };
};

storeContract('SqliteStore', () => open(freshPath()));

describe('openSqliteStore', () => {
  it('finds after closing and opening again what it had, journal id included', () => {
    const path = freshPath();
    const first = open(path);
    first.setValue('fence', '3');
    first.remove('00000000-0000-4000-8000-000000000001', new Date());
    const { journalID } = first;
    first.close();
    const second = open(path);
    assert.equal(second.journalID, journalID);
    assert.equal(second.getValue('fence'), '3');
    assert.equal(second.isTombstoned('00000000-0000-4000-8000-000000000001'), true);
  });

  it('writes ahead, to the disk, into strict tables', () => {
    const path = freshPath();
    open(path).close();
    const database = new DatabaseSync(path);
    assert.deepEqual({ ...database.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' });
    const loose = database
      .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
      .all();
    assert.deepEqual(loose, []);
    database.close();
  });

  it('migrating twice is safe', () => {
    const path = freshPath();
    open(path).close();
    const database = new DatabaseSync(path);
    migrate(database, path);
    migrate(database, path);
    assert.equal(database.prepare('PRAGMA user_version').get()?.['user_version'], schemaVersion);
    database.close();
    open(path).ping();
  });

  it('refuses a journal of a newer agent, and leaves it alone', () => {
    const path = freshPath();
    open(path).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    assert.throws(() => open(path), isUnavailable(/schema version 99.*newer agent/u));
    assert.deepEqual(readdirSync(join(path, '..')).sort(), ['journal.db', 'journal.db.mark']);
  });

  it('refuses a file that this process has open already', () => {
    const path = freshPath();
    const first = open(path);
    assert.throws(() => open(path), isUnavailable(/in use by another process/u));
    first.setValue('still', 'works');
    first.close();
    assert.equal(open(path).getValue('still'), 'works');
  });

  it('refuses a file that another process has open, until that is killed', async () => {
    const path = freshPath();
    const child = spawn(
      process.execPath,
      [
        '--conditions=nodetask-source',
        fileURLToPath(new URL('../../test/support/store/hold-journal.ts', import.meta.url)),
        path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    after(() => child.kill('SIGKILL'));
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(output.toString().trim(), 'open');
    assert.throws(() => open(path), isUnavailable(/in use by another process/u));
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(open(path).getValue('held'), 'yes');
  });

  it('sets the journal of another pod aside and begins a new one', () => {
    const path = freshPath();
    const first = open(path);
    first.setValue('ready', 'true');
    first.close();
    const logger = errorLogger();
    const second = open(path, { owner: { namespace: 'sei', podName: 'sei-rpc-1' }, logger });
    assert.notEqual(second.journalID, first.journalID);
    assert.equal(second.getValue('ready'), undefined);
    assert.match(JSON.stringify(logger.errors), /belongs to pod sei\/sei-rpc-0, this is sei\/sei-rpc-1/u);
    const aside = readdirSync(join(path, '..')).find((name) => name.endsWith('.foreign'));
    assert.ok(aside !== undefined);
    assert.equal(open(join(path, '..', aside)).getValue('ready'), 'true', 'it can still be looked at');
  });

  for (const [what, spoil] of [
    ['no database', () => Buffer.from('this is not a database, but it is longer than its header would be '.repeat(40))],
    ['cut', (content: Buffer) => content.subarray(0, 5000)],
    [
      'overwritten in the middle',
      (content: Buffer) => Buffer.concat([content.subarray(0, 4200), Buffer.alloc(content.length - 4200, 0xff)]),
    ],
  ] as const) {
    it(`sets a damaged file aside (${what}), says so, and begins a new one`, () => {
      const path = freshPath();
      const first = open(path);
      for (let index = 0; index < 200; index++) first.setValue(`key${index}`, 'x'.repeat(200));
      first.close();
      writeFileSync(path, spoil(readFileSync(path)));
      const logger = errorLogger();
      const second = open(path, { logger });
      assert.notEqual(second.journalID, first.journalID);
      assert.equal(second.getValue('key1'), undefined);
      assert.match(JSON.stringify(logger.errors), /"reason":"corrupt"/u);
      assert.equal(readdirSync(join(path, '..')).filter((name) => name.endsWith('.corrupt')).length, 1);
    });
  }

  it("sets another program's database aside", () => {
    const path = freshPath();
    open(path).close();
    rmSync(path);
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE other (a TEXT)');
    database.close();
    open(path).ping();
    assert.equal(readdirSync(join(path, '..')).filter((name) => name.endsWith('.foreign')).length, 1);
  });

  it('keeps five journals that were set aside, the newest', () => {
    const path = freshPath();
    for (let index = 0; index < 8; index++) {
      open(path, {
        owner: { namespace: 'sei', podName: `pod-${index}` },
        now: () => new Date(Date.UTC(2026, 0, 1 + index)),
      }).close();
    }
    const aside = readdirSync(join(path, '..')).filter((name) => name.endsWith('.foreign'));
    assert.deepEqual(
      aside.sort(),
      [4, 5, 6, 7, 8].map((day) => `journal.db.2026010${day}T000000000Z.foreign`),
    );
  });

  it('says what is wrong with a path that cannot be', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    assert.throws(() => open(join(file, 'journal.db')), isUnavailable(/cannot be opened/u));
  });
});
