import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '@nodetask/runtime';
import { ClassicLevel } from 'classic-level';
import { listedHeights, writeStore } from '../../../../test/support/metadata-store.ts';
import { copyStore } from './copy-store.ts';
import { listStore, selectFromStore } from './run-store-process.ts';
import { parseChunks, parseKey } from './store-entry.ts';

const { signal } = new AbortController();

const makeFolder = async (t: TestContext): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-store-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
};

const keyOf = (height: number): Buffer => {
  const key = Buffer.alloc(13);
  key[0] = 1;
  key.writeBigUInt64BE(BigInt(height), 1);
  return key;
};

const openStore = (folder: string): ClassicLevel<Buffer, Buffer> =>
  new ClassicLevel(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });

describe('an entry of metadata.db', () => {
  const name = { height: 300, format: 2 };

  test('has a key of 13 bytes that begins with 1', () => {
    assert.deepEqual(parseKey(Buffer.from('01000000000000012c00000002', 'hex')), name);
    for (const other of [
      '',
      '01',
      '02000000000000012c00000002',
      '01000000000000000000000002',
      '01ffffffffffffffff00000002',
    ]) {
      assert.equal(parseKey(Buffer.from(other, 'hex')), undefined, other);
    }
  });

  test('has a message of the SDK as its value, which tells the number of chunks', () => {
    // height 300, format 2, chunks 3, hash of one byte, metadata without a chunk hash
    const value = Buffer.from('08ac0210021803220109 2a00'.replaceAll(' ', ''), 'hex');
    assert.equal(parseChunks(value, name), 3);
    assert.equal(parseChunks(Buffer.from('08ac021002', 'hex'), name), 0);
    for (const bad of [
      '',
      '08',
      '08ac02',
      '08ad0210021803',
      '08ac0210031803',
      '08ac0210021803220a',
      '08ac02100218ffffffffff7f',
    ]) {
      assert.equal(parseChunks(Buffer.from(bad, 'hex'), name), undefined, bad);
    }
    assert.equal(parseChunks(Buffer.from('snapshot 300 chunks 3'), name), undefined);
  });
});

describe('a copy of a LevelDB that is written to', () => {
  test('holds all entries up to some moment, and none later', async (t) => {
    const folder = await makeFolder(t);
    const store = openStore(join(folder, 'store'));
    await store.open();
    let written = 0;
    const enough = new AbortController();
    const writing = (async () => {
      while (!enough.signal.aborted) {
        written += 1;
        await store.put(keyOf(written), Buffer.alloc(40_000, written % 251), { sync: true });
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    })();
    for (let round = 0; round < 5; round++) {
      const before = written;
      assert.equal(await copyStore(join(folder, 'store'), join(folder, 'copy'), systemClock, signal), true);
      const listed = (await listStore(join(folder, 'copy'), signal)).map(({ height }) => height);
      assert.ok(listed.length >= before - 1 && listed.length <= written, `${listed.length} of ${before} to ${written}`);
      assert.deepEqual(
        listed,
        listed.map((_, index) => index + 1),
      );
    }
    enough.abort();
    await writing;
    await store.close();
    assert.equal((await listedHeights(folder, 'store')).length, written);
  });

  test('is given up if the store changes each time that it is copied', async (t) => {
    const folder = await makeFolder(t);
    await writeStore(folder, [{ height: 100 }]);
    const store = join(folder, 'metadata.db');
    const log = (await readdir(store)).find((name) => name.endsWith('.log')) ?? '';
    const growing = setInterval(() => {
      appendFileSync(join(store, log), 'x');
    }, 0);
    try {
      await assert.rejects(copyStore(store, join(folder, 'copy'), systemClock, signal), {
        code: 'file-changed',
        retriable: true,
        message: /metadata\.db changed each time that it was copied, 8 times/,
      });
    } finally {
      clearInterval(growing);
    }
  });

  test('is refused if there is too much of it, or a link in it', async (t) => {
    const folder = await makeFolder(t);
    await writeStore(folder, [{ height: 100 }]);
    const store = join(folder, 'metadata.db');
    await writeFile(join(store, '000099.ldb'), Buffer.alloc(33 * 1024 * 1024));
    await assert.rejects(copyStore(store, join(folder, 'copy'), systemClock, signal), {
      code: 'snapshot-store-invalid',
      message: /reads at most 33554432 bytes in 1000 files/,
    });
    await rm(join(store, '000099.ldb'));
    await symlink('/etc/passwd', join(store, '000098.ldb'));
    await assert.rejects(copyStore(store, join(folder, 'copy'), systemClock, signal), {
      code: 'file-invalid',
      message: /000098\.ldb is not a file/,
    });
  });
});

describe('the process that opens a copy', () => {
  test('makes a new store of the entries that are wanted, and of nothing else', async (t) => {
    const folder = await makeFolder(t);
    await writeStore(folder, [
      { height: 100 },
      { height: 200, chunks: 7 },
      { height: 200, format: 2 },
      { height: 300 },
    ]);
    const store = join(folder, 'metadata.db');
    const wanted = [{ height: 200, format: 1 }];
    await selectFromStore(store, join(folder, 'new'), wanted, signal);
    assert.deepEqual(await listStore(join(folder, 'new'), signal), [{ height: 200, format: 1, chunks: 7 }]);
    await rm(join(folder, 'new'), { recursive: true });
    await selectFromStore(store, join(folder, 'new'), wanted, signal);
    assert.deepEqual((await readdir(join(folder, 'new'))).toSorted(), ['000003.log', 'CURRENT', 'MANIFEST-000002']);
    await assert.rejects(selectFromStore(store, join(folder, 'other'), [{ height: 400, format: 1 }], signal), {
      code: 'snapshot-store-invalid',
    });
  });

  test('is ended when its task is cancelled', async (t) => {
    const folder = await makeFolder(t);
    await writeStore(folder, [{ height: 100 }]);
    const cancel = new AbortController();
    const listing = listStore(join(folder, 'metadata.db'), cancel.signal);
    cancel.abort(new Error('cancelled'));
    await assert.rejects(listing, new Error('cancelled'));
  });

  test('ends itself when the agent is gone', async (t) => {
    const folder = await makeFolder(t);
    // LevelDB waits for ever for what it reads of this.
    await promisify(execFile)('mkfifo', [join(folder, 'CURRENT')]);
    const program = fileURLToPath(new URL('store-process.ts', import.meta.url));
    const child = spawn(process.execPath, [program, JSON.stringify({ kind: 'list', store: folder })], { env: {} });
    child.stdin.destroy();
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    assert.deepEqual([output, child.signalCode], ['', 'SIGKILL']);
  });

  test('is ended before a hostile store takes the memory of the agent', { timeout: 120_000 }, async (t) => {
    const folder = await makeFolder(t);
    const store = openStore(join(folder, 'store'));
    await store.open();
    // 15 MB on disk.
    await store.put(keyOf(100), Buffer.alloc(300 * 1024 * 1024));
    await store.compactRange(Buffer.alloc(1), Buffer.alloc(14, 0xff));
    await store.close();
    assert.equal(await copyStore(join(folder, 'store'), join(folder, 'copy'), systemClock, signal), true);
    await assert.rejects(listStore(join(folder, 'copy'), signal), {
      code: 'snapshot-store-invalid',
      message: /takes more than 256 MiB of memory/,
    });
  });
});
