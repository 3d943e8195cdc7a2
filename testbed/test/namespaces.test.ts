import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { waitFor } from '@nodetask/testbed';
import { loadConfig } from '../src/config.ts';
import { projectPath } from '../src/paths.ts';
import { cannotRunNode } from '../src/real-node/cannot-run-node.ts';
import { findCgroups, sweepCgroups } from '../src/real-node/cgroups.ts';
import { parseIdentity } from '../src/process/process-identity.ts';
import { sweepTempFolders } from '../src/temp-folder.ts';

/** Tells the processes of a test from all others. */
const mark = `98${process.pid}`;
/** Moves the shell into every cgroup that was made for it, and leaves an orphan behind. */
const enterCgroups =
  'for f in /sys/fs/cgroup/$NODETASK_NODE_CGROUP /sys/fs/cgroup/*/$NODETASK_NODE_CGROUP; do [ -d $f ] && echo $$ > $f/cgroup.procs; done';
const leaveOrphan = `(sleep ${mark} &)`;

const start = (script: string): ChildProcess =>
  spawn(
    process.execPath,
    ['--conditions=nodetask-source', projectPath('testbed', 'test-programs', 'parent-of-namespaces.ts'), script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );

/** The lines that it prints, until it ends. */
const output = async (child: ChildProcess): Promise<readonly string[]> => {
  const lines: string[] = [];
  assert.ok(child.stdout !== null);
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await once(child, 'close');
  return lines;
};

const marked = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      if ((await readFile(join('/proc', pid, 'cmdline'), 'utf8')) === `sleep\0${mark}\0`) found.push(pid);
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
};

const leftCgroups = async (owner: number | undefined): Promise<readonly string[]> => {
  const { all } = await findCgroups();
  const names = (await Promise.all(all.map(async (hierarchy) => readdir(hierarchy)))).flat();
  return [...new Set(names)].filter((name) => name.startsWith(`nodetask-${String(owner)}-`));
};

describe('namespaces of a node', { skip: await cannotRunNode(), timeout: 120_000 }, () => {
  test('have no network, processes and temp folder but their own, and end with their program', async () => {
    const look =
      'echo $(tail -n +3 /proc/net/dev | cut -d: -f1) $$ $(ls -d $TMPDIR/owner.json | wc -l); mount -t tmpfs tmpfs /mnt';
    const child = start(`${enterCgroups}; ${leaveOrphan}; ${look}; exit 7`);
    const [seen = '', ended = ''] = await output(child);
    const [network, pid, folders] = seen.split(' ');
    assert.equal(network, 'lo');
    assert.ok(Number(pid) < 10, seen);
    assert.equal(folders, '1');
    assert.deepEqual(JSON.parse(ended), { code: 7, signal: null });
    assert.deepEqual(await marked(), []);
    assert.deepEqual(await leftCgroups(child.pid), []);
    assert.ok(!(await readFile('/proc/self/mountinfo', 'utf8')).includes(' /mnt '));
  });

  test('end with who made them, also by kill -9, and the next run removes what is left', async () => {
    const child = start(`${enterCgroups}; ${leaveOrphan}; echo ready; sleep ${mark}`);
    const lines = output(child);
    await waitFor(async () => (await marked()).length === 2, { what: 'the script to run', timeoutMs: 30_000 });
    assert.equal((await leftCgroups(child.pid)).length, 1);
    child.kill('SIGKILL');
    assert.deepEqual(await lines, ['ready']);
    await waitFor(async () => (await marked()).length === 0, { what: 'all processes to end', timeoutMs: 30_000 });
    // Another test may do the same at this moment: what counts is what is left.
    await sweepCgroups(await findCgroups());
    assert.deepEqual(await leftCgroups(child.pid), []);
    const { tempRoot } = loadConfig();
    await sweepTempFolders(tempRoot);
    for (const folder of await readdir(tempRoot)) {
      const owner = await readFile(join(tempRoot, folder, 'owner.json'), 'utf8').catch(() => '');
      assert.notEqual(parseIdentity(owner)?.pid, child.pid, folder);
    }
  });
});
