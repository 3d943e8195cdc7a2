import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ownIdentity } from '../process/process-identity.ts';
import { acquireFileLock, LockTimeoutError } from './file-lock.ts';

const HOLDER = join(import.meta.dirname, '..', '..', 'test-programs', 'lock-holder.ts');

describe('file lock', { timeout: 60_000 }, () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function holder(...args: string[]) {
    return spawn(process.execPath, ['--conditions=nodetask-source', HOLDER, path, join(folder, 'journal'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** The begin and end of a turn stand together: no other turn fell between. */
  async function assertNoOverlap(turns: number): Promise<void> {
    const lines = (await readFile(join(folder, 'journal'), 'utf8')).trimEnd().split('\n');
    assert.equal(lines.length, turns * 2);
    for (let index = 0; index < lines.length; index += 2) {
      assert.equal(lines[index + 1], lines[index]?.replace('begin', 'end'), `turn ${index / 2}`);
    }
  }

  /** A lock whose holder was killed by kill -9. */
  async function leaveStaleLock(): Promise<number> {
    const child = holder('hold');
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    return child.pid ?? 0;
  }

  test('of many turns in four processes none overlaps, and no file is left', async () => {
    const children = Array.from({ length: 4 }, () => holder('20'));
    for (const [code] of await Promise.all(children.map(async (child) => once(child, 'exit')))) assert.equal(code, 0);
    await assertNoOverlap(80);
    assert.deepEqual(await readdir(folder), ['journal']);
  });

  test('in one process, too, only one has it', async () => {
    let inside = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        await using _ = await acquireFileLock(path, { timeoutMs: 10_000, pollMs: 1 });
        inside += 1;
        assert.equal(inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    );
  });

  test('the lock of a process that was killed is taken over', async () => {
    const pid = await leaveStaleLock();
    assert.equal((JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid, pid);
    await using _ = await acquireFileLock(path, { timeoutMs: 1_000 });
    assert.equal((JSON.parse(await readFile(path, 'utf8')) as { pid: number }).pid, process.pid);
  });

  test('of many that see the same dead holder only one takes over at a time', async () => {
    await leaveStaleLock();
    const children = Array.from({ length: 4 }, () => holder('10'));
    for (const [code] of await Promise.all(children.map(async (child) => once(child, 'exit')))) assert.equal(code, 0);
    await assertNoOverlap(40);
    assert.deepEqual(await readdir(folder), ['journal']);
  });

  test('a process that died during a takeover does not block it for good', async () => {
    const { pid: deadPid } = spawn('/bin/true');
    const dead = { pid: deadPid, startTime: '1' };
    await writeFile(path, JSON.stringify({ token: 'first', ...dead }));
    await writeFile(`${path}.takeover-first`, JSON.stringify({ token: 'second', ...dead }));
    const lock = await acquireFileLock(path, { timeoutMs: 1_000 });
    await lock.release();
    assert.deepEqual(await readdir(folder), []);
  });

  test('a pid that was reused by another process is not the holder', async () => {
    await writeFile(path, JSON.stringify({ token: 'old', ...ownIdentity(), startTime: '1' }));
    await using _ = await acquireFileLock(path, { timeoutMs: 0 });
  });

  test('a living holder is waited for, named once, and the wait has an end', async () => {
    await using _ = await acquireFileLock(path, { timeoutMs: 0 });
    const waits: number[] = [];
    await assert.rejects(
      acquireFileLock(path, { timeoutMs: 30, pollMs: 5, onWait: ({ pid }) => waits.push(pid) }),
      (error) => {
        assert.ok(error instanceof LockTimeoutError);
        assert.match(error.message, new RegExp(`lock .*: process ${process.pid} has held it for more than 30 ms`));
        return true;
      },
    );
    assert.deepEqual(waits, [process.pid]);
  });

  test('a file that is no lock is an error that names it', async () => {
    await writeFile(path, 'something else');
    await assert.rejects(acquireFileLock(path, { timeoutMs: 100 }), /holds no process identity but "something else"/);
  });
});
