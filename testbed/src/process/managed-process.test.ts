import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { waitFor } from '../wait.ts';
import { ManagedProcess } from './managed-process.ts';
import type { ManagedProcessOptions } from './managed-process.ts';
import { identityOf, isAlive } from './process-identity.ts';

describe('managed process', { timeout: 20_000 }, () => {
  let folder = '';
  const started: ManagedProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'managed-process-'));
  });
  afterEach(async () => {
    for (const each of started.splice(0)) await each.kill();
    await rm(folder, { recursive: true });
  });

  /** Ready when it has printed "ready". */
  function shell(script: string, options: Partial<ManagedProcessOptions> = {}): ManagedProcess {
    const logFile = join(folder, 'log');
    const managed: ManagedProcess = new ManagedProcess({
      name: 'script',
      logFile,
      command: () => ({ program: '/bin/sh', args: ['-c', script] }),
      ready: async (signal) => {
        await waitFor(async () => (await readFile(logFile, 'utf8')).split('ready').length > managed.starts, {
          what: 'the script to say ready',
          timeoutMs: 5_000,
          intervalMs: 5,
          signal,
        });
      },
      ...options,
    });
    started.push(managed);
    return managed;
  }

  test('start waits until it is ready; stop ends it by SIGTERM; it starts again and the log goes on', async () => {
    const managed = shell('echo ready; exec sleep 600');
    await managed.start();
    const first = managed.pid;
    await assert.rejects(managed.start(), /script runs already/);
    assert.deepEqual(await managed.stop(), { code: null, signal: 'SIGTERM' });
    assert.equal(managed.running, false);
    assert.equal(await managed.stop(), undefined);
    await managed.start();
    assert.notEqual(managed.pid, first);
    assert.equal(managed.starts, 2);
    assert.equal(await managed.log(), 'ready\nready\n');
  });

  test('a process that ends before it is ready fails the start at once, with the end of its log', async () => {
    const managed = shell('echo "port is taken" >&2; exit 3');
    await assert.rejects(managed.start(), /script ended with code 3 before it was ready; log .* ends:\nport is taken/);
    assert.equal(managed.running, false);
  });

  test('a process that never gets ready is killed and the wait is named', async () => {
    const managed = shell('exec sleep 600', {
      ready: async (signal) => {
        await waitFor(() => false, { what: 'nothing', timeoutMs: 20, intervalMs: 5, signal });
      },
    });
    await assert.rejects(managed.start(), /waited 20 ms for nothing/);
    assert.equal(managed.running, false);
  });

  test('stop kills a process that ignores SIGTERM once the grace time is over', async () => {
    const managed = shell("trap '' TERM; echo ready; while :; do sleep 1; done", { graceMs: 50 });
    await managed.start();
    assert.deepEqual(await managed.stop(), { code: null, signal: 'SIGKILL' });
  });

  test('pause freezes, resume lets go on, and stop ends a frozen process by SIGTERM', async () => {
    const managed = shell('echo ready; exec sleep 600');
    await managed.start();
    const state = async (): Promise<string> => {
      const stat = await readFile(`/proc/${managed.pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).charAt(0);
    };
    managed.pause();
    await waitFor(async () => (await state()) === 'T', {
      what: 'the process to be frozen',
      timeoutMs: 2_000,
      intervalMs: 2,
    });
    managed.resume();
    await waitFor(async () => (await state()) === 'S', {
      what: 'the process to go on',
      timeoutMs: 2_000,
      intervalMs: 2,
    });
    managed.pause();
    assert.deepEqual(await managed.stop(), { code: null, signal: 'SIGTERM' });
  });

  test('kill ends the whole process group', async () => {
    const managed = shell('sleep 600 & echo "child $!"; echo ready; wait');
    await managed.start();
    const child = identityOf(Number(/child (\d+)/.exec(await managed.log())?.[1]));
    assert.ok(isAlive(child));
    assert.deepEqual(await managed.kill(), { code: null, signal: 'SIGKILL' });
    await waitFor(() => !isAlive(child), { what: 'the grandchild to end', timeoutMs: 2_000, intervalMs: 2 });
  });

  test('what has not been started has no pid', () => {
    const managed = shell('true');
    assert.throws(() => managed.pid, /script is not running/);
  });
});
