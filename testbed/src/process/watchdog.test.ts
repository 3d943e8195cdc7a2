import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../temp-folder.ts';
import { waitFor } from '../wait.ts';
import { guardedSpawn } from './guarded-spawn.ts';
import { identityOf, isAlive } from './process-identity.ts';

const PARENT = join(import.meta.dirname, '..', '..', 'test-programs', 'parent-of-children.ts');

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(
    `children end with a parent that is ended by ${signal}, and its temp folder is swept`,
    { timeout: 30_000 },
    async () => {
      const root = await mkdtemp(join(tmpdir(), 'watchdog-'));
      try {
        const parent = spawn(process.execPath, ['--conditions=nodetask-source', PARENT, root], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const [line] = (await once(parent.stdout, 'data')) as [Buffer];
        const { folder, pids } = JSON.parse(line.toString()) as { folder: string; pids: number[] };
        const children = pids.map((pid) => identityOf(pid));
        assert.ok(children.every(isAlive), 'a child has not started');
        assert.deepEqual(await readdir(root), [basename(folder)]);
        parent.kill(signal);
        await once(parent, 'exit');
        await waitFor(() => !children.some(isAlive), { what: 'the children to end', timeoutMs: 5_000, intervalMs: 5 });
        await using next = await makeTempFolder(root, 'next');
        assert.deepEqual(await readdir(root), [basename(next.path)]);
      } finally {
        await rm(root, { recursive: true });
      }
    },
  );
}

test('guardedSpawn: a program runs with its arguments and ends with its code', async () => {
  const child = await guardedSpawn('/bin/sh', ['-c', 'exit "$1"', 'sh', '7'], { stdio: ['ignore', 'pipe', 'pipe'] });
  assert.deepEqual(await child.exited, { code: 7, signal: null });
});

test('guardedSpawn: a program that does not exist ends with 127', async () => {
  const child = await guardedSpawn('/no/such/program', [], { stdio: ['ignore', 'pipe', 'pipe'] });
  assert.deepEqual(await child.exited, { code: 127, signal: null });
});
