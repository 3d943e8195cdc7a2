import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import { type LogFields, silentLogger } from '@nodetask/shared';
import type { TaskRecord } from '../engine/store.ts';
import { known, refusal, startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { openSqliteStore } from './open-sqlite-store.ts';
import type { SqliteStore } from './sqlite-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'nodetask-damage-'));
const opened: SqliteStore[] = [];
after(() => {
  for (const store of opened) store.close();
  rmSync(folder, { recursive: true });
});

let count = 0;
const freshPath = (): string => join(folder, String(++count), 'journal.db');
const at = '2026-01-01T00:00:00.000Z';
const ref = { namespace: 'sei', name: 'task', uid: 'u', maxResultBytes: 2048 };

/** A journal, what it has logged as errors, and what it has counted. */
const open = (path: string) => {
  const errors: LogFields[] = [];
  const damage: string[] = [];
  const logger = { ...silentLogger, error: (_message: string, fields?: LogFields) => errors.push(fields ?? {}) };
  const store = openSqliteStore({
    path,
    owner: { namespace: 'sei', podName: 'sei-rpc-0' },
    logger,
    onDamage: (what) => damage.push(what),
  });
  opened.push(store);
  return { store, errors, damage };
};

type State = 'living one-shot' | 'living schedule' | 'living daemon' | 'ended and told' | 'ended and not told';

const records: Readonly<Record<State, (id: string) => TaskRecord>> = {
  'living one-shot': (id) => record(id, {}),
  'living schedule': (id) =>
    record(id, { kind: 'schedule', active: false, async: { schedule: { cron: '0 0 1 1 *' } } }),
  'living daemon': (id) => record(id, { kind: 'daemon', async: { daemon: { restartPolicy: 'OnFailure' } } }),
  'ended and told': (id) => ended(id, 2),
  'ended and not told': (id) => ended(id, 0),
};

const record = (id: string, changes: Partial<TaskRecord>): TaskRecord => ({
  id,
  kind: 'one-shot',
  type: 'config-validate',
  params: {},
  ref,
  fingerprint: 'f',
  result: { id, type: 'config-validate', status: 'running', submittedAt: at, run: 1 },
  active: true,
  runs: [],
  revision: 2,
  reportedRevision: 0,
  sequence: Number.parseInt(id.slice(-4), 16),
  ...changes,
});

const ended = (id: string, reportedRevision: number): TaskRecord =>
  record(id, {
    active: false,
    reportedRevision,
    result: { id, type: 'config-validate', status: 'completed', submittedAt: at, completedAt: at, run: 1 },
  });

const states = Object.keys(records) as State[];
const idOf = (state: State): string => uuid(states.indexOf(state) + 1);
const bystander = uuid(100);

/** A journal with a task in each state and a bystander, closed. */
const seeded = (): string => {
  const path = freshPath();
  const { store } = open(path);
  for (const state of states) store.put(records[state](idOf(state)));
  store.put(ended(bystander, 2));
  store.close();
  return path;
};

const spoil = (path: string, sql: string, ...values: (string | number)[]): void => {
  const database = new DatabaseSync(path);
  assert.equal(database.prepare(sql).run(...values).changes, 1);
  database.close();
};

const spoilers = {
  'is cut': 'UPDATE tasks SET record = substr(record, 1, length(record) - 1), checksum = NULL WHERE id = ?',
  'is no JSON': "UPDATE tasks SET record = '{broken', checksum = NULL WHERE id = ?",
  'is JSON of another shape': `UPDATE tasks SET record = '{"kind":"schedule"}', checksum = NULL WHERE id = ?`,
  'has a flipped bit in a name':
    'UPDATE tasks SET record = replace(record, \'"sequence"\', \'"sequencf"\') WHERE id = ?',
  'has a flipped bit in a number, and the right form': `UPDATE tasks SET record = replace(record, '"revision":2', '"revision":3') WHERE id = ?`,
} as const;

/** Without the trigger, which takes a checksum away as for an older agent: a disk does not ask it. */
const flip = (path: string, sql: string, id: string): void => {
  const database = new DatabaseSync(path);
  const [kept] = database.prepare('SELECT checksum FROM tasks WHERE id = ?').all(id);
  assert.equal(database.prepare(sql).run(id).changes, 1);
  if (!sql.includes('checksum = NULL')) {
    database.prepare('UPDATE tasks SET checksum = ? WHERE id = ?').run(Number(kept?.['checksum']), id);
  }
  database.close();
};

describe('a damaged record', () => {
  for (const [what, sql] of Object.entries(spoilers)) {
    for (const state of states) {
      it(`that ${what} costs its own task only (${state})`, async () => {
        const path = seeded();
        const id = idOf(state);
        flip(path, sql, id);
        const { store, errors, damage } = open(path);
        const { engine, handler } = startWith({ interrupted: 'run-again', daemon: true }, { store });
        await turn();
        const wasRun = handler.runs.some(({ context }) => context.id === id);
        assert.equal(wasRun, false, 'it is not run by itself');
        const reports = engine.unreported(100).map((report) => report.id);
        const listed = engine.recentResults().results.map((result) => result.id);
        assert.ok(listed.includes(bystander) && listed.length >= states.length);
        if (state === 'living schedule' || state === 'living daemon') {
          assert.equal(engine.getResult(id), undefined, 'the operator finds it missing');
          engine.submitScheduled({ id, type: 'config-validate', resume: { lastRun: 4 } }, { cron: '@daily' });
          assert.equal(known(engine, id).run, 4, 'and sends it again');
        } else {
          const { status, errorCode, retriable, error = '' } = known(engine, id);
          assert.deepEqual([status, errorCode, retriable], ['failed', 'record-damaged', false]);
          assert.match(error, /^its record in the journal is damaged .*spec\.runID$/u);
          assert.equal(reports.includes(id), state !== 'ended and told', 'its NodeTask is told, if it does not know');
          assert.equal(engine.submit({ id, type: 'config-validate' }), id, 'the same request again runs nothing');
          refusal('run-mismatch', () => engine.submit({ id, type: 'config-validate', run: 2 }));
        }
        await turn();
        assert.deepEqual(
          handler.runs.filter(({ context }) => context.id === id),
          [],
        );
        assert.equal(errors.length, 1, 'told once');
        assert.deepEqual([errors[0]?.['task'], damage], [id, ['record']]);
      });
    }
  }

  it('whose type is not known either is never run again', () => {
    const path = seeded();
    const id = idOf('ended and not told');
    spoil(path, "UPDATE tasks SET record = '{', type = NULL, checksum = NULL WHERE id = ?", id);
    const { store } = open(path);
    assert.equal(store.get(id), undefined);
    assert.equal(store.isTombstoned(id), true);
  });

  it('is kept for people to look at, so many and so much of each', () => {
    const path = freshPath();
    const { store } = open(path);
    for (let number = 1; number <= 40; number++) {
      store.put(record(uuid(number), { params: { text: 'x'.repeat(100_000) } }));
    }
    store.close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE tasks SET record = record || '!', checksum = NULL");
    database.close();
    const again = open(path).store;
    assert.deepEqual(again.living(), []);
    again.close();
    const look = new DatabaseSync(path);
    const kept = look.prepare('SELECT id, fault, length(record) AS length FROM damaged').all();
    look.close();
    assert.equal(kept.length, 32);
    assert.deepEqual({ ...kept.at(-1) }, { id: uuid(40), fault: kept[0]?.['fault'], length: 65_536 });
    assert.match(String(kept[0]?.['fault']), /^it is no JSON/u);
  });

  it('that cannot be set aside, because nothing can be written, leaves the others readable', () => {
    const path = seeded();
    spoil(path, "UPDATE tasks SET record = '{', checksum = NULL WHERE id = ?", idOf('living daemon'));
    const database = new DatabaseSync(path);
    database.exec("CREATE TRIGGER full BEFORE INSERT ON damaged BEGIN SELECT raise(ABORT, 'disk full'); END");
    database.close();
    const { store, errors, damage } = open(path);
    assert.equal(store.list(100).records.length, states.length);
    assert.equal(store.living().length, 2);
    assert.deepEqual(
      errors.map(({ task }) => task),
      [idOf('living daemon')],
      'told once',
    );
    assert.deepEqual(damage, []);
  });

  it('with a number that no journal counts to keeps nothing from starting', () => {
    const path = seeded();
    spoil(
      path,
      'UPDATE tasks SET sequence = 9223372036854775807, changed = 9223372036854775807, revision = 9223372036854775807 WHERE id = ?',
      idOf('ended and told'),
    );
    const { store } = open(path);
    assert.equal(store.list(100).records.length, states.length);
    assert.equal(store.get(idOf('ended and told'))?.sequence, 4);
    assert.equal(store.nextSequence(), 101);
    store.put(record(uuid(7), {}));
  });
});

describe('an older agent on the same journal', () => {
  it('writes records without a checksum, and they are no damage', () => {
    const path = seeded();
    const id = idOf('ended and told');
    spoil(
      path,
      `UPDATE tasks SET record = replace(record, '"revision":2', '"revision":3'), revision = 3 WHERE id = ?`,
      id,
    );
    const { store, errors } = open(path);
    assert.equal(store.get(id)?.revision, 3);
    assert.deepEqual(errors, []);
  });

  it('may have made it: what it has is told from damage, and gets the rest', () => {
    const path = seeded();
    const database = new DatabaseSync(path);
    database.exec(`DROP TRIGGER tasks_of_older_agent; DROP TABLE damaged;
      ALTER TABLE tasks DROP COLUMN type; ALTER TABLE tasks DROP COLUMN ref; ALTER TABLE tasks DROP COLUMN checksum`);
    database.close();
    open(path).store.close();
    spoil(path, "UPDATE tasks SET record = '{' WHERE id = ?", idOf('living one-shot'));
    const { store } = open(path);
    assert.equal(store.list(100).records.length, states.length + 1);
    assert.deepEqual(store.get(idOf('living one-shot'))?.ref, ref);
  });
});

describe('a damaged value', () => {
  for (const [key, value] of [
    ['fence', 'x7'],
    ['farewells', '[{"id":1}]'],
    ['farewells', '[{"id":'],
    ['life', '{}'],
    ['life', '{"place":"","ended":fals'],
  ] as const) {
    it(`${key} = ${value} costs that value only`, async () => {
      const { store } = open(seeded());
      store.setValue(key, value);
      const { engine } = startWith({ interrupted: 'run-again', daemon: true }, { store });
      await turn();
      engine.checkFence(1);
      assert.equal(engine.recentResults().results.length, states.length + 1);
      assert.ok(engine.unreported(100).length > 0);
    });
  }

  it('of the name of the journal costs the name only', () => {
    for (const key of ['journalID', 'namespace', 'podName']) {
      const path = seeded();
      spoil(path, 'DELETE FROM meta WHERE key = ?', key);
      const { store, errors } = open(path);
      assert.equal(store.list(100).records.length, states.length + 1, key);
      assert.ok(errors.length > 0, key);
    }
  });

  it('of the number of its writes costs that number only', () => {
    for (const value of ['', '-1', '3.7', 'many', '9'.repeat(30)]) {
      const path = seeded();
      spoil(path, "UPDATE meta SET value = ? WHERE key = 'commits'", value);
      const { store, errors } = open(path);
      assert.equal(store.list(100).records.length, states.length + 1, value);
      assert.deepEqual(errors, []);
    }
  });
});
