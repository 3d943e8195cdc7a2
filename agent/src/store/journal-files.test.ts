import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type LogFields, silentLogger, TaskError } from '@nodetask/shared';
import { walSizeLimit } from './journal-files.ts';
import { openSqliteStore } from './open-sqlite-store.ts';
import type { SqliteStore } from './sqlite-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'nodetask-files-'));
const opened: SqliteStore[] = [];
after(() => {
  for (const store of opened) store.close();
  rmSync(folder, { recursive: true });
});

let count = 0;
const freshPath = (): string => join(folder, String(++count), 'journal.db');

const open = (path: string) => {
  const errors: { readonly message: string; readonly fields: LogFields }[] = [];
  const damage: string[] = [];
  const lost: TaskError[] = [];
  const store = openSqliteStore({
    path,
    owner: { namespace: 'sei', podName: 'sei-rpc-0' },
    logger: { ...silentLogger, error: (message, fields = {}) => errors.push({ message, fields }) },
    onDamage: (what) => damage.push(what),
    onLost: (error) => lost.push(error),
  });
  opened.push(store);
  return { store, errors, damage, lost };
};

const isLost = (error: unknown): boolean =>
  error instanceof TaskError && error.code === 'store-unavailable' && /not on the disk any more/u.test(error.message);

/** What a process that is killed leaves: the files as they are, in another folder. */
const killed = (path: string): string => {
  const copy = freshPath();
  cpSync(dirname(path), dirname(copy), { recursive: true });
  return copy;
};

/** Written to, and left by a kill. */
const left = (): string => {
  const path = freshPath();
  const first = open(path).store;
  first.setValue('ready', 'true');
  first.close();
  const { store } = open(path);
  store.setValue('newest', 'yes');
  return killed(path);
};

describe('a journal under a running agent', () => {
  const takeAway: Readonly<Record<string, (path: string) => void>> = {
    'is deleted': (path) => {
      for (const name of readdirSync(dirname(path))) rmSync(join(dirname(path), name));
    },
    'is replaced by a copy': (path) => {
      copyFileSync(path, `${path}.x`);
      renameSync(`${path}.x`, path);
    },
    'goes with its folder': (path) => {
      rmSync(dirname(path), { recursive: true });
    },
    'is in a folder that is replaced': (path) => {
      renameSync(dirname(path), `${dirname(path)}-before`);
      cpSync(`${dirname(path)}-before`, dirname(path), { recursive: true });
    },
    'is cut': (path) => {
      truncateSync(path, statSync(path).size - 4096);
    },
    'loses its write-ahead log': (path) => {
      rmSync(`${path}-wal`);
    },
    'has its write-ahead log cut': (path) => {
      truncateSync(`${path}-wal`, 32);
    },
    'has its write-ahead log replaced': (path) => {
      copyFileSync(`${path}-wal`, `${path}.x`);
      renameSync(`${path}.x`, `${path}-wal`);
    },
  };
  for (const [what, act] of Object.entries(takeAway)) {
    it(`that ${what} accepts nothing more, and says so once`, () => {
      const path = freshPath();
      // Closed once: so that there is something in the main file too.
      const first = open(path).store;
      first.setValue('before', 'x'.repeat(20_000));
      first.close();
      const { store, errors, damage, lost } = open(path);
      store.setValue('a', 'b');
      store.ping();
      act(path);
      assert.throws(() => {
        store.setValue('c', 'd');
      }, isLost);
      assert.throws(() => {
        store.ping();
      }, isLost);
      assert.throws(() => store.remove('00000000-0000-4000-8000-000000000001', new Date()), isLost);
      assert.equal(lost.length, 1);
      assert.match(errors.map(({ message }) => message).join(), /^the journal was taken away [^,]*,[^,]*$/u);
      assert.deepEqual(damage, [], 'the process that ends counts it');
    });
  }

  it('is noticed by a look at it too, when nothing is written', () => {
    const path = freshPath();
    const { store, lost } = open(path);
    rmSync(path);
    assert.throws(() => {
      store.ping();
    }, isLost);
    assert.equal(lost.length, 1);
  });

  it('whose write-ahead log was deleted has everything when it is closed', () => {
    const path = freshPath();
    const { store } = open(path);
    store.setValue('a', 'b');
    rmSync(`${path}-wal`);
    assert.throws(() => {
      store.ping();
    }, isLost);
    store.close();
    const again = open(path);
    assert.equal(again.store.getValue('a'), 'b');
    assert.deepEqual(again.errors, []);
  });

  it('that grows, is checkpointed and begins its log anew is the same journal', () => {
    const path = freshPath();
    const { store, errors } = open(path);
    for (let index = 0; index < 60; index++) store.setValue(`key${index % 7}`, 'x'.repeat(200_000));
    assert.ok(statSync(`${path}-wal`).size <= walSizeLimit + 1_000_000);
    store.ping();
    assert.deepEqual(errors, []);
  });
});

describe('a journal that an agent finds at its start', () => {
  it('as it was left says nothing', () => {
    const path = left();
    const { store, errors, damage } = open(path);
    assert.equal(store.getValue('newest'), 'yes');
    assert.deepEqual([errors, damage], [[], []]);
  });

  const losses: Readonly<Record<string, readonly [reason: string, detail: RegExp, act: (path: string) => void]>> = {
    'is missing': [
      'corrupt',
      /is not there any more/u,
      (path) => {
        rmSync(path);
      },
    ],
    'has no bytes': [
      'corrupt',
      /has no bytes any more/u,
      (path) => {
        writeFileSync(path, '');
      },
    ],
    'has lost its write-ahead log': [
      'stale',
      /its newest part is gone/u,
      (path) => {
        rmSync(`${path}-wal`);
      },
    ],
    'has a write-ahead log without an end': [
      'stale',
      /its newest part is gone/u,
      (path) => {
        truncateSync(`${path}-wal`, statSync(`${path}-wal`).size - 100);
      },
    ],
  };
  for (const [what, [reason, detail, act]] of Object.entries(losses)) {
    it(`that ${what} is told of, and a new one begins`, () => {
      const path = left();
      act(path);
      const { store, errors, damage } = open(path);
      assert.equal(store.getValue('ready'), undefined);
      assert.equal(errors.length, 1);
      assert.match(errors[0]?.message ?? '', /a new one begins/u);
      assert.equal(errors[0]?.fields['reason'], reason);
      assert.match(String(errors[0]?.fields['detail']), detail);
      assert.deepEqual(damage, ['journal']);
      store.setValue('a', 'b');
      store.close();
      const again = open(path);
      assert.equal(again.store.getValue('a'), 'b');
      assert.deepEqual(again.errors, [], 'told once');
    });
  }

  it('that is an older copy of itself is set aside: what fired since would fire again', () => {
    const path = freshPath();
    const first = open(path).store;
    first.setValue('a', 'old');
    first.close();
    copyFileSync(path, `${path}.old`);
    const second = open(path).store;
    second.setValue('a', 'new');
    second.close();
    renameSync(`${path}.old`, path);
    const { store, errors } = open(path);
    assert.equal(store.getValue('a'), undefined);
    assert.equal(errors[0]?.fields['reason'], 'stale');
    assert.equal(open(String(errors[0]?.fields['setAside'])).store.getValue('a'), 'old', 'it can still be looked at');
  });

  it('that is another one of this pod is used, and told of', () => {
    const path = left();
    const other = freshPath();
    const made = open(other).store;
    made.setValue('a', 'b');
    made.close();
    for (const name of ['', '-wal']) if (existsSync(path + name)) rmSync(path + name);
    copyFileSync(other, path);
    const { store, errors, damage } = open(path);
    assert.equal(store.getValue('a'), 'b');
    assert.match(errors[0]?.message ?? '', /another journal is in the place/u);
    assert.deepEqual(damage, ['journal']);
  });

  it('on a volume that was put back whole, mark and all, is used', () => {
    const path = freshPath();
    const { store } = open(path);
    store.setValue('a', 'b');
    const copy = killed(path);
    store.setValue('a', 'c');
    const { store: back, errors } = open(copy);
    assert.equal(back.getValue('a'), 'b');
    assert.deepEqual(errors, []);
  });

  for (const [what, act] of Object.entries<(mark: string) => void>({
    'is missing': (mark) => {
      rmSync(mark);
    },
    'is empty': (mark) => {
      writeFileSync(mark, '');
    },
    'has a flipped bit': (mark) => {
      writeFileSync(mark, `00000000-0000-4000-8000-000000000001 ${'9.12345'.padStart(27)}\n`);
    },
    'is of another kind': (mark) => {
      writeFileSync(mark, 'x'.repeat(100_000));
    },
  })) {
    it(`whose mark ${what} is used all the same`, () => {
      const path = left();
      act(`${path}.mark`);
      const { store, errors } = open(path);
      assert.equal(store.getValue('newest'), 'yes');
      assert.deepEqual(errors, []);
      store.close();
      rmSync(path);
      assert.equal(open(path).errors.length, 1, 'the mark has been made anew');
    });
  }

  it('whose mark cannot be written works without it, and says so once', () => {
    const path = freshPath();
    mkdirSync(`${path}.mark`, { recursive: true });
    const { store, errors } = open(path);
    store.setValue('a', 'b');
    store.setValue('a', 'c');
    assert.deepEqual(
      errors.map(({ message }) => message.startsWith('the mark beside the journal cannot be written')),
      [true],
    );
  });
});
